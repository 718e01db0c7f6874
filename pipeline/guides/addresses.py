"""Addresses of hosts: duplicates, flaps, gateways' addresses (I1, I2, I5)."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_WHO_HAS: Final = (
    Command("FRRouting", "show evpn arp-cache vni {vni} ip {ip}"),
    Command("FRRouting", "show bgp l2vpn evpn route type macip"),
    Command("Arista EOS", "show bgp evpn route-type mac-ip {ip} detail"),
    Command("Nokia SR Linux", "show network-instance default protocols bgp routes evpn route-type 2 summary"),
    Command("Cisco NX-OS", "show l2route evpn mac-ip all | include {ip}"),
    Command(
        "fabricscope SQL",
        "SELECT event_time, device, mac, next_hop, esi, reason FROM evpn_route_event WHERE ip = '{ip}'"
        " ORDER BY event_time DESC LIMIT 40",
    ),
)
_BETWEEN: Final = Command(
    "fabricscope SQL",
    "SELECT ip, count(DISTINCT mac) AS macs FROM evpn_route_current WHERE next_hop IN ('{vtep}', '{peer}')"
    " AND ip IS NOT NULL GROUP BY ip HAVING count(DISTINCT mac) > 1",
)

GUIDES: Final = guides(
    {
        "I1": Guide(
            meaning="Two hosts have one IP address at once. Whoever talks to it reaches now the one, now the other: "
            "connections break and come back without a pattern.",
            source="NetQ EVPN validation, consistency of IP-MAC bindings and their locations; RFC 7432, section 10; "
            "RFC 9721 (an address that moves to another MAC); ipSpace.net 2016/05, "
            "unexpected-recovery-might-kill-your (many at once)",
            opens="An address is bound to two MACs or more, at two places or more, for longer than 10 s, and one "
            "of the bindings came while somebody looked. Ten addresses between the same two places within 30 s are "
            "one incident.",
            clears="One MAC is left for 5 s, seen by somebody fresh; of ten and more: none of the addresses is "
            "left with two.",
            subject=("vni", "evi", "ip", "vtep", "peer"),
            look_first="At the two places that the summary names: which of the two MACs is the host that should "
            "have the address? Of many at once look at the connection between the two places, not at hosts.",
            causes=(
                "an address configured by hand on a second host, or a machine cloned with its address",
                "a DHCP pool that overlaps addresses given by hand, or two DHCP servers",
                "both members of a cluster believe to be the active one",
                "of many at once: two sites with stretched VLANs that were apart have met again",
            ),
            commands=(*_WHO_HAS, _BETWEEN),
        ),
        "I2": Guide(
            meaning="An IP address changes its MAC over and over: two hosts take it from each other, or a pair of "
            "them can't agree who is active. Each change sends the traffic elsewhere.",
            source="RFC 9721; openconfig-evpn ip-mobility-threshold; IOS-XE ip duplication limit 5 within 180 s",
            opens="The MAC of an address changed 5 times within 180 s.",
            clears="It didn't change for 180 s.",
            subject=("vni", "evi", "ip"),
            look_first="At the two MACs and places named: one host that fails over again and again, or two that "
            "want the same address?",
            causes=(
                "two hosts with one address, of which the leaves believe whoever spoke last",
                "a cluster or a VRRP pair that loses its heartbeat",
                "a host whose network cards take turns (bonding with its MAC following the active card)",
            ),
            commands=_WHO_HAS,
        ),
        "I5": Guide(
            meaning="A host has the IP address of a gateway. Hosts that learn the host's MAC for it send what should "
            "be routed to the host: they lose everything outside their subnet.",
            source="RFC 7432, section 10.1 (default gateways); RFC 9135; RFC 9568 (VRRP)",
            opens="A binding of a gateway (by its Default Gateway community, a router's MAC, VRRP or HSRP, or an "
            "interface of the device itself) and one of a host exist for one address for 1 s.",
            clears="One of the two is gone for 5 s, seen by somebody fresh.",
            subject=("vni", "evi", "ip"),
            look_first="At the port where the host's MAC was learned: take it off the network first, ask then.",
            causes=(
                "a host configured with the gateway's address by mistake",
                "a home router or an access point plugged in with its factory address",
                "an attack: somebody wants the traffic of the subnet",
                "a gateway of another vendor whose routes carry no Default Gateway community",
            ),
            commands=_WHO_HAS,
        ),
    }
)
