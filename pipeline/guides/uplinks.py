"""Leaves and spines that lose their way to each other."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_COMMANDS: Final = (
    Command("FRRouting", "show bgp l2vpn evpn summary"),
    Command("Arista EOS", "show bgp evpn summary"),
    Command("Nokia SR Linux", "show network-instance default protocols bgp neighbor"),
    Command("Cisco NX-OS", "show bgp l2vpn evpn summary"),
    Command(
        "fabricscope SQL",
        "SELECT interface, oper_status, event_time FROM link_event WHERE device = '{device}'"
        " ORDER BY event_time DESC LIMIT 20",
    ),
    Command(
        "fabricscope SQL",
        "SELECT device, neighbor, session_state, event_time FROM bgp_session_event"
        " WHERE device = '{device}' ORDER BY event_time DESC LIMIT 20",
    ),
)
GUIDES: Final = guides(
    {
        "R15": Guide(
            meaning="A leaf lost all its EVPN sessions or all its uplinks. While ports to hosts are still up it"
            " attracts traffic that it can't forward: for these hosts the outage is total, and their"
            " bonding doesn't notice.",
            source="Juniper, core isolation: a leaf without core takes its LAGs down; FRRouting startup-delay"
            " 180 s and hold times after a reboot.",
            opens="All sessions, or all uplinks, are down for 3 s, by the word of a fresh end of each."
            " Critical while hosts are attached, else warning.",
            clears="One session and one uplink are back, seen so for 5 s.",
            subject=("device",),
            look_first="Does the leaf have power, and do its uplinks have light? If it lives without uplinks, shut its"
            " ports to hosts, so that their bonds use the other leaf.",
            causes=(
                "the leaf rebooted, lost power or crashed",
                "all uplinks run over one line card, cable path or spine that failed",
                "only sessions are down: BGP stopped on the leaf: process, policy, maintenance mode",
                "only sessions are down, and other leaves lose theirs: the route reflectors or spines are gone",
            ),
            commands=_COMMANDS,
        ),
        "R16": Guide(
            meaning="The fabric still works on what is left: a spine is lost to all leaves, or a leaf has fewer"
            " uplinks or EVPN sessions than it should. The next failure may be an outage, and the load moves to"
            " the rest.",
            source="Apstra, spine_fault_tolerance and lag_link_fault_tolerance: redundancy is measured, not"
            " assumed.",
            opens="A session or a link of a leaf is down for 5 s by the word of a fresh end, or all sessions or"
            " all links of a spine with several leaves are.",
            clears="All sessions and links are back, or no longer configured, seen so for 5 s.",
            subject=("device",),
            look_first="The interface or neighbour that went down first (evidence, timeline).",
            causes=(
                "an optic, cable or port failed",
                "the spine reboots or is being upgraded",
                "a BGP session is down with its link up: hold timer, MTU, authentication, policy",
                "somebody shut the port or the neighbour down",
            ),
            commands=_COMMANDS,
        ),
    }
)
