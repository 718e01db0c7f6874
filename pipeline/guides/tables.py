"""Tables of one device that don't agree (X3)."""

from typing import Final

from pipeline.guides import Command, Guide, guides

GUIDES: Final = guides(
    {
        "X3": Guide(
            meaning="BGP and the L2RIB of one device say different things of where MACs are, and go on to do so. "
            "What the device forwards by is one of the two: hosts behind it may not reach these MACs.",
            source="ipSpace.net 2024/03, multivendor-evpn-revisited (stale tables, clear bgp); Cisco CSCvx61314; "
            "openconfig-network-instance-l2, l2rib",
            opens="Nothing changed about a MAC for 30 s (two sample intervals, where a table is sampled) and the "
            "two tables still don't agree; segments, sticky and frozen MACs and gateways are left out.",
            clears="The tables agree for 5 s, seen by somebody fresh.",
            subject=("device",),
            look_first="At the MACs that the summary names, in both tables of the device: which one is behind?",
            causes=(
                "a stale entry that the device failed to remove, after a restart of one of its daemons or a burst",
                "a route that the device never installed: its table is full, or the update was lost on the way",
                "a local entry that the device does not announce: the VNI is not exported, a route map filters it",
                "the device's telemetry of one of the two tables hangs while the device is right",
            ),
            commands=(
                Command("FRRouting", "show evpn mac vni all"),
                Command("FRRouting", "show bgp l2vpn evpn route type macip"),
                Command("Arista EOS", "show l2rib output host"),
                Command("Arista EOS", "show bgp evpn route-type mac-ip"),
                Command("Nokia SR Linux", "show network-instance * bridge-table mac-table all"),
                Command("Cisco NX-OS", "show l2route evpn mac all"),
                Command(
                    "fabricscope SQL",
                    "SELECT mac, vni, producer, next_hop, mobility_seq FROM mac_current WHERE device = '{device}'"
                    " ORDER BY mac LIMIT 50",
                ),
            ),
        ),
    }
)
