"""Ethernet segments: redundancy lost, forwarders that disagree, routes that don't fit together."""

from typing import Final

from pipeline.guides import Command, Guide, guides

_ROUTES: Final = (
    Command("FRRouting", "show evpn es {esi}"),
    Command("FRRouting", "show bgp l2vpn evpn es {esi}"),
    Command("Arista EOS", "show bgp evpn route-type ethernet-segment esi {esi}"),
    Command("Nokia SR Linux", "show system network-instance ethernet-segments detail"),
    Command("Cisco NX-OS", "show nve ethernet-segment"),
    Command(
        "fabricscope SQL",
        "SELECT device, originator, next_hop, route_type, df_algorithm, df_preference FROM evpn_route_current"
        " WHERE route_esi = '{esi}' AND route_type IN (1, 4) ORDER BY device, originator",
    ),
)
_FORWARDERS: Final = Command(
    "fabricscope SQL",
    "SELECT device, name, vni, vlan, local_is_df, df_address FROM designated_forwarder_current"
    " WHERE esi = '{esi}' ORDER BY vni, device",
)
_LEGS: Final = Command(
    "fabricscope SQL",
    "SELECT e.device, e.interface, l.oper_status, l.last_change FROM ethernet_segment_current e"
    " LEFT JOIN link_current l USING (fabric, device, interface) WHERE e.esi = '{esi}'",
)
_DF_CAUSES: Final = (
    "PEs hold different type-4 routes (the second query shows who holds which): a route reflector or policy keeps one of them away",
    "all hold the same: a PE is stuck with an old election, a software defect; shutting its leg down and up elects anew",
    "PEs are configured with different election algorithms: the candidates of the evidence differ in it",
)
GUIDES: Final = guides(
    {
        "R1": Guide(
            meaning="One PE forwards broadcast, unknown unicast and multicast (BUM) to the segment, but from the"
            " routes of the fabric another one is elected. It works for now; with the next change of the segment"
            " two PEs may forward, or none.",
            source="RFC 7432, section 8.5; RFC 8584, sections 2.2 and 3.2; RFC 9785, section 4.",
            opens="For 5 s (2 s more than the longest election wait, at least 5 s) one PE says that it forwards,"
            " and no number of the domain (VLAN, VNI, EVI) elects it. Warning.",
            clears="The PE that is elected forwards, alone, seen so for 5 s.",
            subject=("esi",),
            look_first="Which type-4 routes does the PE hold that forwards?",
            causes=_DF_CAUSES,
            commands=(_FORWARDERS, *_ROUTES),
        ),
        "R2": Guide(
            meaning="Two or more PEs forward BUM to the segment: the hosts behind it get broadcasts twice, and"
            " frames may come back into the fabric.",
            source="RFC 7432, section 8.5: one designated forwarder per segment and VLAN.",
            opens="For 5 s (2 s more than the longest election wait, at least 5 s) two PEs that serve the segment"
            " say that they forward the same domain. Critical.",
            clears="One PE forwards in each domain, the one that is elected, seen so for 5 s.",
            subject=("esi",),
            look_first="Does each PE named hold the type-4 route of the others?",
            causes=_DF_CAUSES,
            commands=(_FORWARDERS, *_ROUTES),
        ),
        "R3": Guide(
            meaning="No PE forwards BUM to the segment: hosts behind it get no broadcasts, ARP and DHCP towards"
            " them fail, while what is known by MAC goes on.",
            source="RFC 7432, section 8.5; SONiC EVPN multihoming design: without a DF there is no BUM.",
            opens="For 5 s (2 s more than the longest election wait, at least 5 s) all PEs that serve the segment"
            " say that they don't forward a domain. Critical.",
            clears="One PE forwards in each domain, the one that is elected, seen so for 5 s.",
            subject=("esi",),
            look_first="Which PE is elected, and what does it say why it doesn't forward?",
            causes=(
                "the elected PE blocks its port: storm control, STP, a leg that is up but not forwarding",
                "each PE takes another one for elected: their type-4 routes or addresses differ",
                "an election wait that never ends: a software defect",
            ),
            commands=(_FORWARDERS, *_ROUTES),
        ),
        "R4": Guide(
            meaning="Fewer PEs serve the segment than should. Everything works; when one PE is left, the next"
            " failure is an outage of all hosts behind it.",
            source="RFC 7432, sections 8.2 and 8.5; expected are the PEs that are declared, or that served the"
            " segment within 7 days.",
            opens="For 5 s half of the fresh observers hold a PE's type-4 route or its A-D route no more, or a"
            " member that is declared has none. Warning; critical with one PE left.",
            clears="All PEs that are expected serve the segment, seen so for 5 s. A PE that nothing is heard of"
            " for 7 days is expected no more.",
            subject=("esi",),
            look_first="Is the lost PE's port to the host up, and are its uplinks?",
            causes=(
                "the link or the optic between the lost PE and the host failed",
                "the lost PE rebooted or lost its uplinks",
                "LACP does not come up on the lost leg",
                "the segment was configured away on one PE",
            ),
            commands=(_LEGS, *_ROUTES),
        ),
        "R5": Guide(
            meaning="No PE serves the segment: the hosts behind it are off the network.",
            source="RFC 7432, section 8.2.",
            opens="For 5 s no PE of the segment has its routes, by half of the fresh observers. Critical.",
            clears="All PEs that are expected serve the segment, seen so for 5 s.",
            subject=("esi",),
            look_first="Is the host up? If it is, look at the ports of all PEs.",
            causes=(
                "the host is down, or its bond is",
                "all PEs of the segment lost power or uplinks",
                "the segment was configured away",
            ),
            commands=(_LEGS, *_ROUTES),
        ),
        "R6": Guide(
            meaning="PEs of one segment are configured for different elections or redundancy modes. With"
            " different algorithms all fall back to the modulus; with different modes remote leaves may send to a"
            " leg that drops.",
            source="RFC 8584, section 2.2.1; RFC 7432, sections 8.5 and 14.1; RFC 9785, section 3.",
            opens="For 10 s the type-4 routes, A-D routes or configurations of PEs differ in algorithm, AC-DF,"
            " Don't Preempt (unless preferences are equal), redundancy mode or election wait. Warning.",
            clears="All PEs say the same, for 5 s.",
            subject=("esi",),
            look_first="The DF election section of the segment's configuration on the PEs named.",
            causes=(
                "one PE was reconfigured and the other was not",
                "PEs of different vendors or releases with different defaults",
            ),
            commands=_ROUTES,
        ),
        "R7": Guide(
            meaning="A PE announces the segment by one of its two routes only. Without the A-D route nobody"
            " balances load over it or splits its horizon; without the segment route it takes no part in the"
            " election.",
            source="RFC 7432, sections 8.2 to 8.5.",
            opens="For 10 s a PE's type-4 route is there and its A-D route of the segment is not, or the reverse,"
            " although PEs of the segment make both. Warning.",
            clears="Both routes are there, or none, seen so for 5 s.",
            subject=("esi", "vtep"),
            look_first="What does the PE itself announce for the segment?",
            causes=(
                "a policy or route reflector drops one route type, often by its route target",
                "a software defect after the leg came up",
            ),
            commands=_ROUTES,
        ),
        "R8": Guide(
            meaning="A PE serves the segment but announces no A-D route for some EVIs: remote leaves send their"
            " traffic for these over the other legs alone.",
            source="RFC 7432, section 8.4, aliasing.",
            opens="For 10 s a PE's own RIB lacks the A-D route of an EVI that another PE of the segment announces"
            " and that the PE announced before or serves. Warning.",
            clears="The PE announces all EVIs that others announce, seen so for 5 s.",
            subject=("esi", "vtep"),
            look_first="Is the VLAN allowed on the PE's leg of the segment?",
            causes=(
                "the VLAN was left out on one leg",
                "the EVI came up after the segment and its A-D route was never made",
            ),
            commands=_ROUTES,
        ),
        "R9": Guide(
            meaning="A PE withdrew its A-D route of the segment: all leaves stop using it for the MACs behind the"
            " segment at once. What happens to single MACs in the next 60 s is the effect of this.",
            source="RFC 7432, sections 8.2.1 and 17.3, mass withdrawal.",
            opens="Opens no incident. A finding, at once, when half of the fresh observers hold the A-D route no more"
            " and MACs are behind the segment. That redundancy is lost is rule R4's. Info.",
            clears="What happens to the MACs within 60 s is the effect of it.",
            subject=("esi", "vtep"),
            look_first="Why is the leg gone: the port, the PE, or its sessions?",
            causes=(
                "the leg of the segment went down",
                "the PE rebooted or lost its uplinks",
                "maintenance",
            ),
            commands=(_LEGS, *_ROUTES),
        ),
        "R10": Guide(
            meaning="MAC routes of a PE name a segment for which the PE has no A-D route: they can't be resolved"
            " through it, and traffic may be lost.",
            source="RFC 7432, sections 8.4 and 17.3; openconfig next-hops/next-hop/state/resolved.",
            opens="For 30 s the PE's MAC routes are there and its A-D route of the segment is not, by half of the"
            " fresh observers. Warning.",
            clears="The A-D route is back or the MAC routes are gone, seen so for 5 s.",
            subject=("esi", "vtep"),
            look_first="Does the PE itself still have the A-D route?",
            causes=(
                "a policy or route reflector drops the A-D route",
                "the PE keeps MACs of a leg that is down: a software defect",
            ),
            commands=_ROUTES,
        ),
        "R11": Guide(
            meaning="One ESI stands for more than one segment. Remote leaves balance load over PEs behind which"
            " the host is not: part of the traffic is lost silently.",
            source="RFC 7432, section 5; IEEE 802.1AX.",
            opens="At once: a PE that isn't declared serves the segment, a device has the ESI twice, LAGs of the"
            " segment end at different LACP systems or at another than the ESI names, or its PEs are in different"
            " sites or one in another rack than the others. Critical.",
            clears="None of this holds, for 5 s.",
            subject=("esi",),
            look_first="Where does the LAG of each PE named end?",
            causes=(
                "an ESI was copied with a configuration",
                "an auto-derived ESI from a LACP system-id that two hosts share",
                "a cable in the wrong port",
            ),
            commands=(_LEGS, *_ROUTES),
        ),
    }
)
