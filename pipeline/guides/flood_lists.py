"""Flood lists: VTEPs that are missing, and what routes lose on their way."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_ROUTES: Final = (
    Command("FRRouting", "show bgp l2vpn evpn route type multicast"),
    Command("Arista EOS", "show bgp evpn route-type imet detail"),
    Command("Nokia SR Linux", "show network-instance default protocols bgp routes evpn route-type 3 summary"),
    Command("Cisco NX-OS", "show bgp l2vpn evpn route-type 3"),
)
_LISTS: Final = (
    Command("FRRouting", "show evpn vni detail"),
    Command("Arista EOS", "show vxlan flood vtep"),
    Command(
        "Nokia SR Linux",
        "show tunnel-interface vxlan1 vxlan-interface * bridge-table multicast-destinations destination *",
    ),
    Command("Cisco NX-OS", "show nve peers detail"),
)
_MATRIX: Final = Command(
    "fabricscope SQL",
    "SELECT device, vni, vtep, state, next_hop, route_targets, since FROM flood_list"
    " WHERE state <> 'member' ORDER BY vni, vtep, device",
)
GUIDES: Final = guides(
    {
        "V1": Guide(
            meaning="A VTEP is gone from the fabric: leaves no longer hold its inclusive multicast routes, so"
            " nobody floods to it, and hosts behind it are reached by nobody else.",
            source="RFC 7432, sections 7.3 and 11; RFC 8365, section 9: without the type-3 route of a VTEP"
            " there is no flooding to it.",
            opens="Half of the fresh observers that held a type-3 route of the VTEP hold none for 5 s. A leaf's"
            " own routes don't count.",
            clears="More than half of the fresh observers hold one again for 5 s.",
            subject=("vtep", "device"),
            look_first="Is the leaf up, and does it have any EVPN session left?",
            causes=(
                "the leaf lost its power, its uplinks or its BGP",
                "its VXLAN interface or loopback is down or was reconfigured",
                "a policy filters its routes everywhere",
            ),
            commands=(*_ROUTES, *_LISTS),
        ),
        "V2": Guide(
            meaning="A leaf lacks a VTEP in the flood list of a VNI that both serve. Broadcast, unknown unicast"
            " and ARP between the two go one way or not at all, while everybody else sees nothing wrong.",
            source="RFC 8365, section 9; the flood list checks of Apstra and SuzieQ compare the same sets; the"
            " cause follows the troubleshooting tree of ipSpace.net, 2025/11.",
            opens="For 10 s a fresh leaf that serves a VNI holds no type-3 route of a VTEP that originates one"
            " for it, or holds it and ceased to use the VTEP. Not told: VTEPs that half of the observers lost"
            " (V1), leaves without any EVPN session (R15), routes whose targets don't meet (V4), VTEPs that"
            " were never in use.",
            clears="The leaf holds the route and uses it, or one of the two serves the VNI no more, seen so"
            " for 5 s.",
            subject=("device", "vtep", "vni"),
            look_first="Read the cause in the summary; then ask the neighbours named there whether they hold"
            " the route.",
            causes=(
                "a policy or filter on the way drops the route",
                "both leaves are in one AS, and BGP takes that for a loop (allowas-in)",
                "no neighbour has sessions with both leaves: two links are down that are not on one leaf",
                "route targets don't meet, on systems that drop what they don't import",
                "the leaf's system refuses routes without the encapsulation community",
                "a stale or broken BGP table: clear the session softly",
            ),
            commands=(
                *_LISTS,
                *_ROUTES,
                _MATRIX,
                Command(
                    "fabricscope SQL",
                    "SELECT device, neighbor, best, valid, next_hop, route_targets FROM evpn_route_current"
                    " WHERE route_type = 3 AND originator = '{vtep}'",
                ),
            ),
        ),
        "V3": Guide(
            meaning="A device between the leaves puts its own address into routes as next hop. Leaves tunnel"
            " to it, and it has no VTEP: traffic to the VTEPs named is lost, all of it.",
            source="RFC 8365, section 5.1.3: the next hop of an EVPN route is the VTEP; ipSpace.net, 2025/11"
            " and 2020/02: an EBGP hop with next-hop-self.",
            opens="At once, when a fresh observer holds a type-3 route whose next hop is neither the address"
            " that originates it nor another one of that device, but another device's or the neighbour's.",
            clears="No fresh observer holds such a route for 5 s.",
            subject=("device", "peer"),
            look_first="The EVPN policy of the device named: next-hop-self has to be off, or next hop unchanged"
            " on.",
            causes=(
                "next-hop-self in the EVPN address family",
                "EBGP without next-hop-unchanged, which some systems need",
                "a route map meant for the underlay is applied to EVPN",
            ),
            commands=(
                *_ROUTES,
                Command("FRRouting", "show running-config bgpd"),
                Command(
                    "fabricscope SQL",
                    "SELECT device, neighbor, originator, next_hop, best FROM evpn_route_current"
                    " WHERE route_type = 3 AND next_hop <> originator",
                ),
            ),
        ),
        "V4": Guide(
            meaning="Leaves hold each other's routes for a VNI and don't import them: BGP looks well, valid"
            " and best, and the VTEPs don't know each other.",
            source="RFC 7432, section 7.10; RFC 8365, section 5.1.2.1 (derived targets); ipSpace.net, 2018/04,"
            " 2018/05 and 2025/11.",
            opens="For 10 s a leaf's own route targets for a VNI meet those of less than half of the others, and"
            " the leaf doesn't show their VTEPs in use. Where no majority agrees, every leaf is told that is"
            " apart from any, as one fault with one root. What a leaf imports isn't told: it is taken to be what"
            " it exports. Targets that differ in the AS alone count only where the VTEP is surely not used.",
            clears="The targets meet, seen so for 5 s.",
            subject=("device", "vni"),
            look_first="The import and export route targets of the VNI on the leaf named, beside any other"
            " leaf's.",
            causes=(
                "a typing error in a route target, or one that was forgotten",
                "derived targets in an EBGP design: they carry the AS, which differs from leaf to leaf",
                "a 4-byte AS, of which derived targets keep 16 bits",
                "the VNI has another number on this leaf",
            ),
            commands=(
                Command("FRRouting", "show bgp l2vpn evpn vni"),
                Command("Arista EOS", "show bgp evpn instance"),
                Command(
                    "Nokia SR Linux", "info from state network-instance * protocols bgp-vpn bgp-instance 1"
                ),
                Command("Cisco NX-OS", "show bgp evi"),
                Command(
                    "fabricscope SQL",
                    "SELECT device, label AS vni, route_targets FROM evpn_route_current WHERE route_type = 3"
                    " AND neighbor IS NULL ORDER BY vni, device",
                ),
            ),
        ),
        "V5": Guide(
            meaning="A device passes routes on without the extended communities their origins announce."
            " Without route targets nobody imports them; without encapsulation some systems refuse them, and"
            " only their leaves lose VTEPs.",
            source="RFC 4360, section 6; RFC 8365, section 5.1.3; ipSpace.net, 2025/12 (stripped on EBGP) and"
            " 2025/06 (FRR 10.3 dropped Encapsulation).",
            opens="At once, when a fresh observer that tells communities holds a type-3 route without route"
            " targets (critical) or encapsulation (warning), its origin's own route has them, and the"
            " sender's has them too.",
            clears="The routes come with their communities, or are gone, for 5 s.",
            subject=("device", "peer"),
            look_first="Was the device named upgraded, or its policy changed? Does it send extended communities to"
            " its EVPN neighbours?",
            causes=(
                "all communities are gone: send-community extended is missing on an EBGP session",
                "a route map sets communities and replaces those that were there",
                "one kind is gone: software that doesn't know it and drops it, often since an upgrade",
            ),
            commands=(
                *_ROUTES,
                Command(
                    "fabricscope SQL",
                    "SELECT device, neighbor, originator, encapsulation, route_targets FROM evpn_route_current"
                    " WHERE route_type = 3 AND (route_targets IS NULL OR encapsulation IS NULL)",
                ),
            ),
        ),
        "V10": Guide(
            meaning="Underlay and overlay don't agree on a VTEP. Either its routes are still there and nothing"
            " leads to it (traffic is lost, until a hold timer ends), or it can be reached and BGP EVPN doesn't"
            " tell of it.",
            source="ipSpace.net, 2024/10 (EBGP over EBGP) and 2018/09: sessions between loopbacks outlive"
            " links; what they told is stale.",
            opens="For 5 s: all links of the leaf are down and more than half of the fresh observers hold its"
            " type-3 routes; or half of them lost these while a link of the leaf leads to others. The latter"
            " is told in designs only where EVPN runs between loopbacks.",
            clears="Both say the same, seen so for 5 s.",
            subject=("vtep", "device"),
            look_first="Links down: the leaf's uplinks. Routes gone: BGP on the leaf, and the route reflectors.",
            causes=(
                "the EVPN session has no BFD and waits for its hold timer",
                "BGP on the leaf stopped or was reset while the IGP goes on",
                "the EVPN address family or its policy was changed",
            ),
            commands=(
                *_ROUTES,
                Command("FRRouting", "show ip route {vtep}"),
                Command("Arista EOS", "show ip route {vtep}"),
                Command("Cisco NX-OS", "show ip route {vtep}"),
            ),
        ),
    }
)
