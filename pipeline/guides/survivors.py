"""Redundancy of VNIs (R19)."""

from typing import Final

from pipeline.guides import Command, Guide, guides

GUIDES: Final = guides(
    {
        "R19": Guide(
            meaning="A VNI that several leaves served survives on one of them. Everything still works, so "
            "nobody complains; the next failure cuts off all hosts of the VNI that are there.",
            source="RFC 7432, section 7.3, and RFC 8365, section 9 (who serves a VNI announces it); own design",
            opens="One leaf is left of two or more that served the VNI within 7 days, for 5 s, as half of the "
            "fresh observers see it. Ten VNIs left on the same leaf within 30 s are one incident about the leaf.",
            clears="A second leaf serves the VNI for 5 s, or the lost one has been gone for 7 days.",
            subject=("vni", "tenant", "vtep", "device"),
            look_first="At the lost leaves named: are they down, cut off, or was the VNI taken away from them? "
            "Until they are back leave the survivor alone: no upgrade, no maintenance.",
            causes=(
                "the other leaf is down or lost all its uplinks or EVPN sessions",
                "the VNI was taken out of the other leaf's configuration",
                "its VXLAN interface or its source loopback is down",
                "a route reflector or a filter no longer passes its type-3 routes",
            ),
            commands=(
                Command("FRRouting", "show evpn vni {vni}"),
                Command("FRRouting", "show bgp l2vpn evpn route type multicast"),
                Command("Arista EOS", "show bgp evpn route-type imet vni {vni}"),
                Command(
                    "Nokia SR Linux",
                    "show network-instance default protocols bgp routes evpn route-type 3 summary",
                ),
                Command("Cisco NX-OS", "show nve vni {vni} detail"),
                Command(
                    "fabricscope SQL",
                    "SELECT event_time, device, originator, reason FROM evpn_route_event WHERE route_type = 3"
                    " AND label = {vni} ORDER BY event_time DESC LIMIT 40",
                ),
            ),
        ),
    }
)
