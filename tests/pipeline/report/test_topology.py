"""Which part of a fabric is drawn, and what is said to have failed."""

from pipeline.report.layout import HEIGHT_OF_BOX, WIDTH, laid
from pipeline.report.shapes import Topology
from pipeline.report.structure import structure
from pipeline.report.topology import MOST_IN_TIER, Marks, natural, owners, topology
from tests.pipeline.report.test_structure import NOON, at, leg, session

FOCUS = (at(10), at(40))


def fabric(leaves: int = 3, *, lost: float | None = 12, marks: Marks | None = None) -> Topology:
    """Return two spines and leaves; all sessions with s1 go down at ``lost``."""
    first, changes, owned = [], [], {}
    for number in range(1, leaves + 1):
        name = f"l{number}"
        first.append(leg(name, f"00:{number % 2}", there=True))
        for spine in (1, 2):
            owned[f"10.{spine}.{number}.0"] = f"s{spine}"
            first.append(session(name, f"10.{spine}.{number}.0", "ESTABLISHED"))
        if lost is not None:
            changes.append(session(name, f"10.1.{number}.0", "IDLE", lost))
    marks = marks if marks is not None else Marks(failed={"s1": "R16"})
    return topology(structure(first, NOON, changes), ["s1", "s2"], owned, marks, FOCUS)


def test_spines_are_above_leaves_and_what_failed_is_marked() -> None:
    found = fabric()
    assert [(node.name, node.tier, node.state) for node in found.nodes] == [
        ("s1", 0, "failed"), ("s2", 0, "well"),
        ("l1", 1, "touched"), ("l2", 1, "touched"), ("l3", 1, "touched"),
    ]  # fmt: skip
    assert {(edge.one, edge.other): edge.note for edge in found.edges if edge.state == "failed"} == {
        ("l1", "s1"): "down 28 s, still", ("l2", "s1"): "down 28 s, still", ("l3", "s1"): "down 28 s, still",
    }  # fmt: skip


def test_what_failed_for_another_reason_is_told_apart() -> None:
    found = fabric(marks=Marks(places={"l2": "02:00:00:00:00:01"}))
    assert {edge.state for edge in found.edges if edge.other == "s1"} == {"touched"}
    assert {edge.note for edge in found.edges if edge.other == "s1"} == {"down 28 s, still, other"}
    assert [node.note for node in found.nodes if node.state == "touched"] == ["02:00:00:00:00:01"]


def test_in_a_report_of_a_time_all_belongs_to_it() -> None:
    found = fabric(marks=Marks(everything=True))
    assert {edge.state for edge in found.edges if edge.other == "s1"} == {"failed"}


def test_before_and_after_is_not_now() -> None:
    assert {edge.state for edge in fabric(lost=41).edges} == {"well"}
    assert {edge.state for edge in fabric(lost=None).edges} == {"well"}


def test_segments_are_drawn_when_they_are_about() -> None:
    found = fabric(lost=None, marks=Marks(segments=frozenset(("00:1",))))
    assert [node.name for node in found.nodes if node.tier == 2] == ["00:1"]
    assert [edge.one for edge in found.edges if edge.other == "00:1"] == ["l1", "l3"]


def test_a_fabric_of_many_leaves_is_drawn_in_part_and_the_rest_counted() -> None:
    marks = Marks(failed={"s1": "R16", "l77": "R15"})
    found = fabric(100, lost=None, marks=marks)
    assert found.left_out == 100 - MOST_IN_TIER
    assert "l77" in [node.name for node in found.nodes]
    assert {edge.one for edge in found.edges} <= {node.name for node in found.nodes}


def test_neighbours_that_are_nobodys_are_named() -> None:
    found = topology(structure([session("l1", "192.0.2.9", "ESTABLISHED")], NOON, []), [], {}, Marks(), FOCUS)
    assert found.unknown_peers == ("192.0.2.9",)


def test_an_address_of_two_devices_is_nobodys() -> None:
    assert owners([("l1", "10.0.0.1"), ("l2", "10.0.0.1"), ("l1", "10.0.0.2")]) == {"10.0.0.2": "l1"}


def test_names_are_in_the_order_that_people_count_in() -> None:
    assert sorted(["leaf-10", "leaf-2", "2", "spine"], key=natural) == ["2", "leaf-2", "leaf-10", "spine"]


def test_no_box_stands_on_another_and_all_are_within_the_picture() -> None:
    picture = laid(fabric(30))
    for box in picture.boxes:
        assert box.x >= 0
        assert box.x + box.width <= WIDTH
        assert box.y + HEIGHT_OF_BOX <= picture.height
    for one in picture.boxes:
        beside = [box for box in picture.boxes if box is not one and box.y == one.y]
        assert all(box.x >= one.x + one.width or box.x + box.width <= one.x for box in beside)


def test_what_failed_is_drawn_over_the_rest() -> None:
    states = [line.edge.state == "failed" for line in laid(fabric()).lines]
    assert states == sorted(states)


def test_an_empty_topology_has_a_picture() -> None:
    assert laid(Topology((), (), 0, ())).boxes == ()
