"""MACs that move: duplicates, loops, migrations, claims that contradict each other, frozen MACs."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_WHERE: Final = Command(
    "fabricscope SQL",
    "SELECT valid_from, valid_to, location, mobility_seq FROM mac_location_history"
    " WHERE vni = {vni} AND mac = '{mac}' ORDER BY valid_from DESC LIMIT 20",
)
_ROUTES: Final = Command(
    "fabricscope SQL",
    "SELECT device, neighbor, next_hop, esi, mobility_seq, sticky, valid_from FROM evpn_route_current"
    " WHERE route_type = 2 AND label = {vni} AND mac = '{mac}' ORDER BY device, next_hop",
)
_PORTS: Final = Command(
    "fabricscope SQL",
    "SELECT device, interface, producer, mobility_state, valid_from FROM mac_current"
    " WHERE mac = '{mac}' ORDER BY device",
)
_MAC: Final = (
    Command("FRRouting", "show evpn mac vni {vni} mac {mac}"),
    Command("FRRouting", "show bgp l2vpn evpn route type macip"),
    Command("Arista EOS", "show bgp evpn route-type mac-ip {mac} detail"),
    Command("Nokia SR Linux", "show network-instance * bridge-table mac-table mac {mac}"),
    Command("Cisco NX-OS", "show l2route evpn mac all | include {mac_dotted}"),
    _PORTS,
    _WHERE,
    _ROUTES,
)
_DUPLICATES: Final = (
    Command("FRRouting", "show evpn mac vni {vni} duplicate"),
    Command("Arista EOS", "show bgp evpn host-flap"),
    Command("Nokia SR Linux", "show network-instance * bridge-table mac-duplication duplicate-entries"),
    Command("Cisco NX-OS", "show l2rib internal permanently-frozen-list"),
)
_CLEAR: Final = (
    Command("FRRouting", "clear evpn dup-addr vni {vni} mac {mac}"),
    Command("Cisco NX-OS", "clear l2rib mac {mac_dotted}"),
)
GUIDES: Final = guides(
    {
        "M1": Guide(
            meaning="A MAC went from one place to another with a newer sequence number: a host that moved. By"
            " itself nothing is wrong.",
            source="RFC 7432, section 15.",
            opens="Opens no incident. A finding per move.",
            clears="Nothing to clear; a move keeps an open incident of its MAC open for 180 s.",
            subject=("vni", "evi", "mac"),
            look_first="Was this host meant to move?",
            causes=("a machine migrated or was plugged in elsewhere",),
            commands=_MAC,
        ),
        "M2": Guide(
            meaning="One MAC is claimed by two places in turn. Whatever is sent to it arrives at the wrong one half"
            " of the time, and PEs may freeze it and cut the host off. The incident says whether it looks like one"
            " address at two hosts, a loop, or a host that keeps moving, and what was ruled out.",
            source="RFC 7432, section 15.1: N = 5 moves within M = 180 s.",
            opens="Five moves within 180 s; a burst of up to six moves within 10 s that comes to rest counts as one."
            " Critical.",
            clears="180 s after the last move.",
            subject=("vni", "evi", "mac"),
            look_first="The ports behind the two places named: which hosts have this MAC there?",
            causes=(
                "two machines with one address: a cloned virtual machine, a copied template",
                "a host with two links that are not bundled, or a bundle on one side only",
                "a loop behind two leaves, if other MACs flap, too (M6)",
                "a cluster that moves its address without need",
            ),
            commands=(*_MAC, *_DUPLICATES),
        ),
        "M3": Guide(
            meaning="A MAC moves more than a migration does, but not yet as often as a duplicate. An early warning.",
            source="The project's own, below RFC 7432, section 15.1.",
            opens="Three moves within 60 s; a burst that comes to rest counts as one. Warning.",
            clears="180 s after the last move.",
            subject=("vni", "evi", "mac"),
            look_first="The ports behind the two places named.",
            causes=(
                "one address at two hosts: it becomes M2 soon",
                "a flapping link of a host with two links that are not bundled",
                "migrations one after another",
            ),
            commands=_MAC,
        ),
        "M4": Guide(
            meaning="The last moves of a MAC alternate between two places. A duplicate host or a loop does that, a"
            " chain of migrations doesn't.",
            source="The project's own.",
            opens="Opens no incident. A finding when the last four moves within 180 s go A-B-A-B and don't fit into"
            " one burst of 10 s.",
            clears="Nothing to clear.",
            subject=("vni", "evi", "mac"),
            look_first="Whether M2 or M6 opened for it.",
            causes=("one address at two hosts", "a loop between the two places"),
            commands=_MAC,
        ),
        "M5": Guide(
            meaning="Several moves within seconds that came to rest: probably a migration. They count as one move,"
            " and the finding says why neither M3 nor M2 was opened.",
            source="Juniper KB35676: up to six moves during a live migration or a takeover of VRRP.",
            opens="Opens no incident. A finding when two to six moves within 10 s, not just there and back, are"
            " followed by 30 s without one.",
            clears="Nothing to clear.",
            subject=("vni", "evi", "mac"),
            look_first="The hypervisor's log of migrations at that time.",
            causes=("a live migration", "a virtual router's or cluster's takeover"),
            commands=(_WHERE, _ROUTES),
        ),
        "M6": Guide(
            meaning="Frames go around between the places named: every host whose broadcast passes there seems to"
            " move. Links fill up, hosts of the VNI lose each other, PEs freeze MACs. It spreads until the loop is"
            " cut. The incidents of single MACs are its consequences.",
            source="The project's own; Juniper, Configuring Loop Detection; Apstra: a hub to two leaves.",
            opens="Ten or more distinct MACs flap within 30 s (M2 or M3 holds, or a burst of more than six moves),"
            " between the same two places or in one VNI. Critical.",
            clears="180 s after fewer than ten MACs flap. Until then the sentence follows the loop: it is told anew"
            " each time a quarter more MACs flap, and each 10 s.",
            subject=("vni", "evi", "vtep", "peer", "esi"),
            look_first="The busiest pair of places named: what was plugged in between them last? Shut one of the two"
            " ports.",
            causes=(
                "a cable or an unmanaged switch between ports of two leaves",
                "a bundle that is a bundle on one side only",
                "a bridge inside a host with two links",
                "spanning tree or loop protection switched off towards hosts",
            ),
            commands=(
                Command("FRRouting", "show evpn mac vni {vni}"),
                Command("Arista EOS", "show mac address-table flap"),
                Command(
                    "Nokia SR Linux", "show network-instance * bridge-table mac-duplication duplicate-entries"
                ),
                Command("Cisco NX-OS", "show mac address-table notification mac-move"),
                Command(
                    "fabricscope SQL",
                    "SELECT device, interface, count(*) AS macs FROM mac_current WHERE vni = {vni} AND interface IS NOT NULL"
                    " AND mac IN (SELECT mac FROM finding WHERE vni = {vni} AND rule IN ('M1', 'M2', 'M3')"
                    " AND event_time > now() - INTERVAL 5 MINUTE) GROUP BY ALL ORDER BY macs DESC",
                ),
                Command(
                    "fabricscope SQL",
                    "SELECT mac, count(*) AS moves FROM mac_location_history WHERE vni = {vni}"
                    " AND valid_from > now() - INTERVAL 5 MINUTE GROUP BY mac ORDER BY moves DESC LIMIT 20",
                ),
            ),
        ),
        "M7": Guide(
            meaning="A MAC that one PE holds as static is used elsewhere: somebody answers in its place, or a router"
            " or server was moved without its configuration.",
            source="RFC 7432, section 15.2: the PE must alert the operator.",
            opens="At once, when another place claims or learns a MAC while a sticky route of it is held. Critical.",
            clears="One of the two claims is gone for 5 s, as somebody sees: while no observer sees routes, nobody can tell.",
            subject=("vni", "evi", "mac"),
            look_first="The port where the intruder was learned.",
            causes=("a machine moved without its static entry", "a spoofed address"),
            commands=_MAC,
        ),
        "M8": Guide(
            meaning="Two PEs claim a MAC with one sequence number, and neither gives way: which of them gets the"
            " frames differs from leaf to leaf.",
            source="RFC 7432, section 15: of two with one number the lowest PE address wins, the other withdraws.",
            opens="One device has held both routes for 10 s. Warning.",
            clears="No fresh device holds both for 5 s.",
            subject=("vni", "evi", "mac"),
            look_first="The PE with the higher address of the two: why does it not withdraw?",
            causes=(
                "one address at two hosts that came up at the same time",
                "PEs that don't hear each other's routes",
                "a PE that does not give way: a software defect",
            ),
            commands=_MAC,
        ),
        "M9": Guide(
            meaning="A host moved on, but the place before still claims its MAC with an older number. Leaves that fall"
            " back to it, or never took the newer one, send frames to nobody.",
            source="RFC 7432, section 15: the route must be withdrawn; FRRouting issue 10468.",
            opens="One device has held the older route for 30 s beside the newer one. Warning.",
            clears="No fresh device holds both for 5 s.",
            subject=("vni", "evi", "mac"),
            look_first="The PE that still claims it: does its own table have the MAC at a port?",
            causes=(
                "the PE did not withdraw: a software defect, or it does not hear the newer route",
                "the host is still seen at the old port: one address at two hosts",
                "a route reflector that keeps a route its client withdrew",
            ),
            commands=_MAC,
        ),
        "M10": Guide(
            meaning="A PE tells a MAC anew with a lower number, after a restart for example, and leaves hold on to the"
            " higher one they had: what they send to the host goes to where it was before.",
            source="FRRouting issue 9327: ignore ... seq 3 as existing has higher seq 7.",
            opens="For 10 s a device's table has a higher number for the MAC than all routes it holds, after the number"
            " fell. Critical.",
            clears="No fresh device is like that for 5 s.",
            subject=("vni", "evi", "mac"),
            look_first="The tables of the devices named: which VTEP do they send to? Where it is the old one, clear the MAC"
            " there.",
            causes=(
                "the PE that announces it, or its routing daemon, restarted: then other MACs of it are stuck, too",
                "the MAC alone was cleared and learned again on its PE",
                "a takeover of a virtual router (a MAC of 00:00:5e:00:01 or :02) after a restart",
            ),
            commands=_MAC,
        ),
        "M11": Guide(
            meaning="A MAC's sequence number passed 2^32 - 1. PEs that compare numbers plainly (FRRouting does) hold"
            " the new route for old and keep sending to the place before.",
            source="RFC 7432, section 15: implementations must handle the wraparound.",
            opens="Once, when a live move passes 0xFFFFFFFF. Warning.",
            clears="180 s later.",
            subject=("vni", "evi", "mac"),
            look_first="Where do the other leaves send frames for this MAC?",
            causes=("a MAC that flapped for years", "a PE that counts wrongly"),
            commands=_MAC,
        ),
        "M12": Guide(
            meaning="A MAC's sequence number rises faster than its moves are seen: it moves between samples, or where"
            " nobody looks.",
            source="The project's own; FRRouting issue 9574 shows 1295 moves that nobody noticed.",
            opens="The number rises by more than 5 within 180 s, beyond one burst of a migration, or"
            " by more than 6 at once. Warning.",
            clears="180 s after the last rise.",
            subject=("vni", "evi", "mac"),
            look_first="The port where it was seen last.",
            causes=("a duplicate host whose moves are sampled", "addresses bound to it in turn"),
            commands=_MAC,
        ),
        "M13": Guide(
            meaning="A device itself calls a MAC duplicate, or has frozen it. What is frozen is no longer advertised:"
            " the host may be cut off.",
            source="openconfig-network-instance-l2: mobility-state DUPLICATE, FROZEN.",
            opens="At once, when a fresh device says so. Critical.",
            clears="No device says so for 5 s.",
            subject=("vni", "mac"),
            look_first="M2 or M6 of the same MAC: where are the two hosts?",
            causes=("one address at two hosts", "a loop"),
            commands=(*_DUPLICATES, *_CLEAR, _WHERE),
        ),
        "M14": Guide(
            meaning="The fabric has seen a duplicate that no single PE can see: each counts only the moves it takes"
            " part in, and has too few. No device will freeze it.",
            source="FRRouting pull request 3176: moves from remote to remote are not considered.",
            opens="Opens no incident; M2 does, and says it. A finding when M2 holds and the PE that saw most moves saw"
            " fewer than M2 asks for.",
            clears="Nothing to clear.",
            subject=("vni", "evi", "mac"),
            look_first="The places that the duplicate goes around.",
            causes=("one address at three hosts or more", "a loop over three leaves or more"),
            commands=(_WHERE, _ROUTES),
        ),
        "M15": Guide(
            meaning="A device has kept a MAC frozen for so long that nothing brings it back by itself: the host is cut"
            " off until somebody clears it.",
            source="FRRouting's auto-recovery of 1800 s; Junos suppresses for good without one.",
            opens="One device has called the MAC duplicate or frozen for 1800 s without a break. Raises M13. Critical.",
            clears="No device says so for 5 s.",
            subject=("vni", "mac"),
            look_first="Is the second host gone? Then clear the MAC at the devices that hold it.",
            causes=("the duplicate is gone, but auto-recovery is off", "the duplicate is still there"),
            commands=(*_DUPLICATES, *_CLEAR),
        ),
        "DUP_UNREPORTED": Guide(
            meaning="A device had to call a MAC duplicate, and doesn't: it goes on to announce it. Its duplicate"
            " detection is off, or asks for more moves. The duplicate goes on undamped there.",
            source="RFC 7432, section 15.1: a PE that sees N = 5 moves within M = 180 s stops to advertise the MAC;"
            " the other half of M13.",
            opens="At a move to a VTEP that had learned the MAC as often as M2 asks for 10 s before, while M2 holds and"
            " no device calls the MAC duplicate or frozen. Not before some device has told a verdict on any MAC: where"
            " none does, nobody can tell. Warning.",
            clears="For 180 s no such move, while somebody sees routes.",
            subject=("vni", "evi", "mac"),
            look_first="The duplicate detection configured at the device that is named.",
            causes=(
                "duplicate detection is off at that device, or only warns",
                "its thresholds are higher than the fabric's",
            ),
            commands=(
                Command("FRRouting", "show evpn"),
                Command("Arista EOS", "show bgp evpn host-flap"),
                Command("Nokia SR Linux", "info network-instance * bridge-table mac-duplication"),
                Command("Cisco NX-OS", "show running-config all | include dup-host"),
                _WHERE,
            ),
        ),
        "REDUNDANCY_CHANGE": Guide(
            meaning="A pair of leaves with a common VTEP lost or regained a link to its hosts: their MACs go to the"
            " address of one leaf alone, or back. It looks like a move and is none.",
            source="ipspace.net, 2024/05, MLAG and VXLAN rerouting.",
            opens="Opens no incident: the lost link does. A finding per 10 s, leaf and direction, with the number of"
            " MACs.",
            clears="Nothing to clear.",
            subject=("device", "vtep"),
            look_first="The member link between the partner of this leaf and the hosts.",
            causes=("a member link of a host's bundle is down", "the partner leaf restarted"),
            commands=(
                Command(
                    "fabricscope SQL",
                    "SELECT device, interface, oper_status, last_change FROM link_current"
                    " WHERE oper_status <> 'UP' ORDER BY last_change DESC",
                ),
                Command("Arista EOS", "show mlag interfaces detail"),
                Command("Cisco NX-OS", "show vpc brief"),
            ),
        ),
    }
)
