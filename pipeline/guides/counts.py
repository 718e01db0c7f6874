"""How many routes there are."""

from typing import Final

from pipeline.guides import Command, Guide, guides

GUIDES: Final = guides(
    {
        "V11": Guide(
            meaning="Routes of several VTEPs, or a large part of one's, vanished within seconds, or there are"
            " many times as many as minutes ago. Sessions may all be up: it is what they carry that changed.",
            source="Facebook 2021 (all withdrawn within seconds), Google 2016, incident 16007 (an empty"
            " configuration, rolled out bit by bit), Rogers 2022 (a filter removed); ipSpace.net, 2024/05: what"
            " goes wrong on a route reflector goes wrong everywhere.",
            opens="Half of the fresh observers, two at least, hold over 20 % and 20 or more routes less than"
            " 30 s before, for 5 s: of two VTEPs or more, or of one that is still there. Or ten times as many"
            " as 5 minutes before, from 20 to 500 at least. Counted are best paths of single-homed MACs, prefixes and"
            " type 3.",
            clears="Nothing falls or rises, seen so for 5 minutes.",
            subject=("device", "vtep"),
            look_first="What was changed, and where, in the minute before? Stop a rollout that is still going"
            " on. Are sessions up, and do leaves still announce their own routes?",
            causes=(
                "a change of policy or configuration, often generated and rolled out",
                "a route reflector that withdraws or refuses everything",
                "several leaves lost at once: power, a row, a site",
                "a filter that was removed: a flood of routes",
            ),
            commands=(
                Command("FRRouting", "show bgp l2vpn evpn summary"),
                Command("Arista EOS", "show bgp evpn summary"),
                Command("Nokia SR Linux", "show network-instance default protocols bgp neighbor"),
                Command("Cisco NX-OS", "show bgp l2vpn evpn summary"),
                Command(
                    "fabricscope SQL",
                    "SELECT device, count(*) AS own_routes FROM evpn_route_current WHERE neighbor IS NULL GROUP BY ALL",
                ),
                Command(
                    "fabricscope SQL",
                    "SELECT next_hop, reason, count(*), min(event_time), max(event_time) FROM evpn_route_event"
                    " WHERE device = '{device}' AND reason <> 'update' GROUP BY ALL ORDER BY 4",
                ),
                Command(
                    "fabricscope SQL",
                    "SELECT device, reason, count(*), min(event_time), max(event_time) FROM evpn_route_event"
                    " WHERE next_hop = '{vtep}' AND reason <> 'update' GROUP BY ALL ORDER BY 4",
                ),
            ),
        ),
    }
)
