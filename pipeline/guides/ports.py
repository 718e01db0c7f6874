"""Ports, aggregates, neighbours and adjacencies (L1 to L6)."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_LINKS: Final = (
    Command("Linux", "ip -s -s link show {interface}"),
    Command("Linux", "ethtool {interface}"),
    Command("Arista EOS", "show interfaces {interface} phy detail"),
    Command("Nokia SR Linux", "info from state interface {interface}"),
    Command("Cisco NX-OS", "show interface {interface}"),
    Command(
        "fabricscope SQL",
        "SELECT event_time, oper_status, carrier_transitions FROM link_event WHERE device = '{device}'"
        " AND interface = '{interface}' ORDER BY event_time DESC LIMIT 20",
    ),
)
_LACP: Final = (
    Command("Linux", "cat /proc/net/bonding/{interface}"),
    Command("Arista EOS", "show lacp neighbor"),
    Command("Nokia SR Linux", "info from state interface {interface} lag"),
    Command("Cisco NX-OS", "show lacp neighbor"),
    Command(
        "fabricscope SQL",
        "SELECT member, synchronization, collecting, distributing, partner_id, partner_key FROM"
        " lacp_member_current WHERE device = '{device}' AND interface = '{interface}'",
    ),
)
_BFD: Final = (
    Command("FRRouting", "show bfd peer {peer} counters"),
    Command("Arista EOS", "show bfd peers dest-ip {peer} detail"),
    Command("Nokia SR Linux", "info from state bfd"),
    Command("Cisco NX-OS", "show bfd neighbors details"),
    Command(
        "fabricscope SQL",
        "SELECT event_time, session_state, failure_transitions, diagnostic FROM bfd_session_event WHERE"
        " device = '{device}' AND peer = '{peer}' ORDER BY event_time DESC LIMIT 20",
    ),
)
_IGP: Final = (
    Command("FRRouting", "show isis neighbor detail"),
    Command("FRRouting", "show ip ospf neighbor detail"),
    Command("Arista EOS", "show isis neighbors detail"),
    Command("Nokia SR Linux", "show network-instance default protocols isis adjacency detail"),
    Command("Cisco NX-OS", "show isis adjacency detail"),
    Command(
        "fabricscope SQL",
        "SELECT event_time, adjacency_state, reason FROM igp_adjacency_event WHERE device = '{device}' AND"
        " interface = '{interface}' AND neighbor = '{peer}' ORDER BY event_time DESC LIMIT 20",
    ),
)
_LLDP: Final = (
    Command("Linux", "lldpctl {interface}"),
    Command("Arista EOS", "show lldp neighbors {interface} detail"),
    Command("Nokia SR Linux", "show system lldp neighbor interface {interface}"),
    Command("Cisco NX-OS", "show lldp neighbors interface {interface} detail"),
    Command(
        "fabricscope SQL",
        "SELECT event_time, reason, system_name, chassis_id, port_id FROM lldp_neighbor_event WHERE"
        " device = '{device}' AND interface = '{interface}' ORDER BY event_time DESC LIMIT 20",
    ),
)
GUIDES: Final = guides(
    {
        "L1": Guide(
            meaning="A port goes up and down. Each time all that runs over it moves away and comes back:"
            " sessions, legs of segments, MACs; the fabric works more on the port than with it.",
            source="Apstra, interface flapping: a window of two minutes; openconfig-interfaces,"
            " carrier-transitions; a blip of one second in a recorded fabric that no look at the status saw.",
            opens="Three transitions between up and not up within 120 s (half open), counted in the status or"
            " in the counter of carrier transitions, whichever has more. A counter that is reset and what an"
            " initial dump tells don't count, nor does an aggregate of a single-active segment (its members"
            " do): it stands by as another leaf is elected.",
            clears="The limit was not reached for 120 s, while the device's links were heard.",
            subject=("device", "interface"),
            look_first="Light levels and errors of the port and of its other end.",
            causes=(
                "a dirty or failing optic, or a bent cable",
                "the device at the other end reboots again and again",
                "autonegotiation or FEC differs between the two ends",
                "somebody works on the cable",
            ),
            commands=_LINKS,
        ),
        "L2": Guide(
            meaning="An aggregate has fewer members that forward than it had. With enough of them it works, with less"
            " capacity and less to lose; with fewer than it needs it is down, and with it the leg of its"
            " Ethernet segment.",
            source="IEEE 802.1AX; Apstra, lag_link_fault_tolerance; ANTA, VerifyLACPInterfacesStatus;"
            " openconfig-lacp.",
            opens="For 5 s fewer members are in sync, collecting and distributing than are expected (those"
            " that did within seven days, or as many as are declared). Warning; critical below min-links."
            " Of one found without any member when its device is heard again nothing is said for 185 s: it"
            " may boot.",
            clears="All expected members forward again, seen so for 5 s, or the lost ones were lost for seven"
            " days.",
            subject=("device", "interface"),
            look_first="The ports of the lost members: have they light, and what is their LACP partner?",
            causes=(
                "one member lost: its link failed, or the other end took it out",
                "all lost at once: the aggregate was shut, or the server, switch or card at one end is gone",
                "LACP stopped on one side: the link is up, no PDUs come",
                "the member is plugged into another device (rule L3, another LACP partner)",
            ),
            commands=_LACP,
        ),
        "L3": Guide(
            meaning="A member of an aggregate has another LACP partner than the aggregate had: a cable is in"
            " the wrong port, or the server was replaced. Members with two partners don't forward together,"
            " and a segment with two partners is two segments.",
            source="IEEE 802.1AX, section 6.3: members of an aggregate share partner system id and key;"
            " openconfig-lacp, partner-id and partner-key.",
            opens="At once, when a member's partner system id or key differs from the aggregate's. The first"
            " partner ever heard is no change.",
            clears="All members have the partner from before, seen so for 5 s; or all have had another one"
            " for a day.",
            subject=("device", "interface"),
            look_first="Where are the members named plugged in?",
            causes=(
                "cables were swapped during works",
                "the server was replaced, or its bonding set up anew with another system id",
                "two servers, or two halves of an unstacked pair, share a cable bundle",
                "a key that somebody changed at the other end",
            ),
            commands=_LACP,
        ),
        "L4": Guide(
            meaning="A BFD session fails again and again: whatever relies on it (BGP, IGP, static routes) goes"
            " down and up with it, each time with a gap in forwarding.",
            source="RFC 5880, section 6.2; openconfig-bfd, failure-transitions.",
            opens="Three failures of sessions with one peer on one interface within 120 s (half open),"
            " counted in the state or in the counter, whichever has more. What is shut down by configuration"
            " doesn't count.",
            clears="The limit was not reached for 120 s, while the device's BFD sessions were heard.",
            subject=("device", "interface", "peer"),
            look_first="Loss on the way to the peer (drops, errors), then the load of both control planes.",
            causes=(
                "loss or congestion on the link",
                "timers too short for a control plane that runs BFD in software",
                "the link itself flaps (see L1)",
                "the peer's process restarts",
            ),
            commands=_BFD,
        ),
        "L5": Guide(
            meaning="Two routers of the underlay lost each other. Sessions between loopbacks survive as long"
            " as another way is left; the next loss may take VTEPs and route reflectors out of reach.",
            source="RFC 2328, section 10 (OSPF); ISO 10589 (IS-IS); openconfig-isis, openconfig-ospfv2.",
            opens="For 3 s an adjacency that was healthy isn't: not UP (IS-IS), not FULL (OSPF), or gone."
            " TWO_WAY is healthy between two routers of which neither is designated or backup.",
            clears="The adjacency is healthy, seen so for 5 s; or it was lost for seven days.",
            subject=("device", "interface", "peer"),
            look_first="Is the interface up? If so: hellos, MTU, authentication, area or level on both sides.",
            causes=(
                "the link or the neighbour failed",
                "MTU, timers, authentication or area differ after a change",
                "the neighbour's routing process restarted",
                "the interface was taken out of the IGP, or made passive",
            ),
            commands=_IGP,
        ),
        "L6": Guide(
            meaning="A fabric port leads to another device or port than before: a cable is in the wrong port."
            " Links may come up and still break the design: two uplinks to one spine, a leaf at a leaf.",
            source="IEEE 802.1AB; openconfig-lldp.",
            opens="At once, when the neighbour heard on a fabric port is another device or port, and the one"
            " from before isn't heard. The first neighbour ever heard is no change.",
            clears="The neighbour from before is back, seen so for 5 s; or another one was there for a day.",
            subject=("device", "interface"),
            look_first="What was worked on at this port and at its neighbours.",
            causes=(
                "cables were swapped during works",
                "the device at the other end was replaced (then accept the new one)",
                "the port at the other end was moved on purpose",
            ),
            commands=_LLDP,
        ),
    }
)
