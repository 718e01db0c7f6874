"""BGP sessions that bring nothing, or don't stay up."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_SESSION: Final = (
    Command("FRRouting", "show bgp neighbors {peer}"),
    Command("Arista EOS", "show bgp neighbors {peer}"),
    Command("Nokia SR Linux", "show network-instance default protocols bgp neighbor {peer} detail"),
    Command("Cisco NX-OS", "show bgp l2vpn evpn neighbors {peer}"),
)
_HISTORY: Final = Command(
    "fabricscope SQL",
    "SELECT event_time, session_state, active, prefixes_received, established_transitions"
    " FROM bgp_session_event WHERE device = '{device}' AND neighbor = '{peer}' ORDER BY event_time DESC LIMIT 30",
)
GUIDES: Final = guides(
    {
        "V16": Guide(
            meaning="A BGP session is established and brings no EVPN routes. Everything that watches sessions"
            " calls it well; the leaf learns nothing over it.",
            source="RFC 4760, section 8 (families are negotiated); ipSpace.net, 2022/10 and 2025/11: EOS with"
            " next-hop-self negotiates the family and sends no routes.",
            opens="The family isn't negotiated for 10 s on a session that is established, with a neighbour that"
            " carries EVPN elsewhere; or it is and no prefix comes for 60 s, while the neighbour sends some to"
            " others or another spine sends some here.",
            clears="The family is active and prefixes come, seen so for 5 s.",
            subject=("device", "peer"),
            look_first="Is the neighbour activated in the EVPN address family, at both ends?",
            causes=(
                "the neighbour is not activated in the EVPN address family",
                "next-hop-self on EOS",
                "a policy that denies everything, inbound here or outbound there",
                "the neighbour has no routes itself: its other sessions are down",
            ),
            commands=(*_SESSION, _HISTORY),
        ),
        "V17": Guide(
            meaning="A BGP session goes down again and again, and each time all routes over it come and go; or"
            " it is down and its routes are kept, so that traffic follows what may be gone.",
            source="Apstra, BGP flapping within two minutes; RFC 4724 (graceful restart); ipSpace.net, 2024/01:"
            " graceful restart prolongs a black hole.",
            opens="Three resets of one session within 120 s, also such as only its counter shows; or it is"
            " down for 60 s and type-3 routes from it are still held.",
            clears="Fewer than three resets are left in the window, and no routes of a session that is down,"
            " seen so for 5 s.",
            subject=("device", "peer"),
            look_first="Why did the session end the last time: hold timer, notification, interface?",
            causes=(
                "a link that flaps or loses packets",
                "the MTU on the way: large updates don't come through",
                "a CPU that is too busy for keepalives, often after a storm of broadcasts",
                "a limit of prefixes, or an update that one end takes for malformed",
                "graceful restart or long-lived stale routes with timers that are too long",
            ),
            commands=(*_SESSION, _HISTORY),
        ),
    }
)
