"""What an inventory's file means, and that each of its mistakes is told with its line."""

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import InputError
from collectors.inventory import Credentials, Inventory, Target, Tls
from collectors.inventory_file import MAX_BYTES, parse_inventory, read_inventory
from collectors.inventory_yaml import document

BASE = Path("/etc/fabricscope")
FINE = """\
defaults:
  profile: openconfig
  fabric: dc1
targets:
  leaf-1:
    address: 192.0.2.1
"""


def parsed(text: str) -> Inventory:
    return parse_inventory(text, file="inventory.yaml", base=BASE)


def mistakes(text: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        parsed(text)
    return str(raised.value).splitlines()


def told(text: str) -> list[str]:
    """Return the mistakes of a text, none if it is an inventory."""
    try:
        parsed(text)
    except InputError as error:
        return str(error).splitlines()
    return []


def with_target(*lines: str) -> str:
    """FINE, with lines added to its target: the first of them is line 7."""
    return FINE + "".join(f"    {line}\n" for line in lines)


def test_a_target_needs_no_more_than_an_address_a_profile_and_a_fabric() -> None:
    assert parsed(FINE) == Inventory(
        targets={
            "leaf-1": Target(
                name="leaf-1", address="192.0.2.1", port=9339, profile="openconfig", fabric="dc1", tls=Tls()
            )
        }
    )


def test_a_target_overrules_its_groups_the_later_group_the_earlier_and_all_of_them_the_defaults() -> None:
    found = parsed("""\
defaults: {profile: openconfig, fabric: dc1, port: 1, site: defaults, rack: defaults, role: defaults}
groups:
  first: {port: 2, site: first, rack: first, role: first}
  second: {port: 3, site: second, rack: second}
targets:
  leaf-1: {address: a.example, groups: [first, second], port: 4, site: own}
  leaf-2: {address: b.example, groups: [second, first]}
  leaf-3: {address: c.example, groups: first}
""").targets
    assert [(one.port, one.site, one.rack, one.role) for one in found.values()] == [
        (4, "own", "second", "first"),
        (2, "first", "first", "first"),
        (2, "first", "first", "first"),
    ]


def test_labels_tls_and_credentials_merge_key_by_key() -> None:
    found = parsed("""\
defaults:
  profile: openconfig
  fabric: dc1
  labels: {tier: access, owner: net}
  credentials: {username: telemetry, password: env:ALL}
  tls: {ca: pki/ca.pem}
targets:
  leaf-1:
    address: 192.0.2.1
    labels: {tier: border}
    credentials: {password: "file:secrets/leaf-1"}
    tls: {server_name: Leaf-1.example}
""").targets["leaf-1"]
    assert found.labels == {"tier": "border", "owner": "net"}
    assert found.credentials == Credentials(
        username="telemetry", password="file:/etc/fabricscope/secrets/leaf-1"
    )
    assert found.tls == Tls(ca=BASE / "pki/ca.pem", server_name="leaf-1.example")


def test_null_takes_away_what_would_be_inherited() -> None:
    found = parsed("""\
defaults:
  profile: openconfig
  fabric: dc1
  port: 57400
  labels: {tier: access}
  credentials: {username: telemetry, password: env:ALL}
  tls: {ca: /pki/ca.pem, server_name: x}
targets:
  leaf-1:
    address: 192.0.2.1
    port: null
    labels: ~
    credentials:
    tls: {server_name: null}
""").targets["leaf-1"]
    assert (found.port, found.labels, found.credentials) == (9339, {}, None)
    assert found.tls == Tls(ca=Path("/pki/ca.pem"))


def test_insecure_leaves_inherited_tls_and_is_said_by_a_target_alone() -> None:
    text = FINE.replace("fabric: dc1", "fabric: dc1\n  tls: {ca: ca.pem}") + "    insecure: true\n"
    assert parsed(text).targets["leaf-1"].tls is None
    assert mistakes(FINE.replace("fabric: dc1", "fabric: dc1\n  insecure: true")) == [
        (
            "inventory.yaml:4: defaults: insecure belongs to a target: one line must not take TLS from many,"
            " nor from those that join later"
        )
    ]


@pytest.mark.parametrize("written", ["no", "010", "1e3", "0x1f", "12:30", "2026-11-22", '"010"', "off"])
def test_texts_are_what_was_written_whatever_yaml_would_make_of_them(written: str) -> None:
    assert parsed(with_target(f"rack: {written}")).targets["leaf-1"].rack == written.strip('"')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"2001:DB8:0::1"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("Leaf-1.Example.", "leaf-1.example."),
        ("leaf_1", "leaf_1"),
        ("4leaf", "4leaf"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_has_one_spelling(written: str, meant: str) -> None:
    assert parsed(FINE.replace("192.0.2.1", written)).targets["leaf-1"].address == meant


@pytest.mark.parametrize("written", ["1", "65535"])
def test_the_first_and_the_last_port_are_taken(written: str) -> None:
    assert parsed(with_target(f"port: {written}")).targets["leaf-1"].port == int(written)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["port: 0"], "target leaf-1: port: 0 is not between 1 and 65535"),
        (["port: 65536"], "target leaf-1: port: 65536 is not between 1 and 65535"),
        (["port: http"], "target leaf-1: port: 'http' is no number"),
        (["port: ٣"], "target leaf-1: port: '٣' is no number"),
        (["port: [1]"], "target leaf-1: port must be one value, not a list"),
        (["prot: 1"], "target leaf-1: unknown key 'prot' (did you mean port?)"),
        (["password: env:X"], "target leaf-1: unknown key 'password': it stands under credentials"),
        (["fabric: dc 1"], "target leaf-1: fabric: fabric name 'dc 1' can't be part of a topic's name: use"),
        (["groups: [leaves]"], "target leaf-1: there is no group 'leaves': define it under groups"),
        (["groups: {a: b}"], "target leaf-1: groups: must be names of groups, not a mapping"),
        (["profile: openconfg"], "target leaf-1: profile: there is no profile 'openconfg' (did you mean"),
        (["role: ' x'"], "target leaf-1: role: ' x' can't be shown in one line"),
        (['site: "a\\e[31mb"'], "target leaf-1: site: 'a\\x1b[31mb' can't be shown in one line"),
        (["labels: {le-af: x}"], "target leaf-1: labels: 'le-af' can't be a label"),
        (["labels: {__a: x}"], "target leaf-1: labels: '__a' can't be a label"),
        (["labels: {site: x}"], "target leaf-1: labels: site is a key of its own, not a label"),
        (["labels: [x]"], "target leaf-1: labels must be a mapping of names and texts, not a list"),
        (["credentials: x"], "target leaf-1: credentials must be a mapping of username, password, not"),
        (["credentials: {user: x}"], "target leaf-1: credentials: unknown key 'user' (did you mean username"),
        (
            ["credentials: {username: jürg, password: env:X}"],
            "target leaf-1: credentials.username: 'jürg' has",
        ),
        (["credentials: {username: x}"], "target leaf-1: credentials has a username but no password"),
        (["credentials: {password: env:X}"], "target leaf-1: credentials has a password but no username"),
        (
            ["credentials: {username: x, password: env:1}"],
            "target leaf-1: credentials.password: what",
        ),
        (["tls: {ca: ~/ca.pem}"], "target leaf-1: tls.ca: ~/ca.pem: ~ is not expanded here"),
        (["tls: {certificate: a.pem}"], "target leaf-1: tls has a certificate but no key"),
        (["tls: {key: a.pem}"], "target leaf-1: tls has a key but no certificate"),
        (["insecure: yes"], "target leaf-1: insecure: must be true or false, not 'yes'"),
        (["insecure: true", "tls: {ca: x}"], "target leaf-1: is insecure and has tls of its own"),
        (
            ["insecure: true", "credentials: {username: x, password: env:X}"],
            "target leaf-1: insecure would send the password in clear text: write credentials: null",
        ),
    ],
)
def test_a_mistake_says_where_it_is_and_what_is_wrong(lines: list[str], sentence: str) -> None:
    found = mistakes(with_target(*lines))
    assert len(found) == 1
    assert found[0].startswith(f"inventory.yaml:7: {sentence}")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("192.0.2.300", "'192.0.2.300' is no IP address, and no host name ends in a number"),
        ("192.0.2", "'192.0.2' is no IP address"),
        ("192.0.2.1:57400", "'192.0.2.1:57400' has a port: give it a line of its own, port: 57400"),
        ("leaf-1:57400", "'leaf-1:57400' has a port"),
        ('"[2001:db8::1]:57400"', "'[2001:db8::1]:57400' has a port"),
        ("2001:db8::g", "'2001:db8::g' is neither a host name nor an IP address"),
        ("fe80::1%eth0", "fe80::1%eth0 has a zone"),
        ("0.0.0.0", "0.0.0.0 is no device's"),
        ("224.0.0.1", "224.0.0.1 is no device's"),
        ("-leaf", "'-leaf' is neither"),
        ("leaf 1", "'leaf 1' is neither"),
        ("http://leaf", "'http://leaf' is neither"),
        (f"{'x' * 64}.example", f"'{'x' * 60}'... is neither"),
    ],
)
def test_what_is_no_address_is_told(written: str, sentence: str) -> None:
    found = mistakes(FINE.replace("192.0.2.1", written))
    assert len(found) == 1
    assert found[0].startswith(f"inventory.yaml:6: target leaf-1: address: {sentence}")


def test_an_ipv6_address_in_brackets_is_a_list_in_yaml_and_that_is_said() -> None:
    assert mistakes(FINE.replace("192.0.2.1", "[2001:db8::1]")) == [
        (
            "inventory.yaml:6: target leaf-1: address must be one value, not a list:"
            " write an IPv6 address without brackets"
        )
    ]


def test_all_mistakes_of_a_file_are_told_at_once_in_order_of_their_lines() -> None:
    found = mistakes("""\
defaults: {profile: openconfig, fabrik: dc1}
groups:
  leaves: {port: 99999}
targets:
  leaf-1: {groups: leaves}
  le af: {address: x}
extra: 1
""")
    assert [line.split(": ")[0] for line in found] == [
        f"inventory.yaml:{line}" for line in (1, 3, 5, 5, 6, 7)
    ]


def test_a_mistake_in_a_group_is_told_once_and_makes_no_others() -> None:
    found = mistakes("""\
groups:
  leaves: {profile: none, fabric: a b, credentials: {username: x, password: hunter2}}
targets:
  leaf-1: {address: 192.0.2.1, groups: leaves}
  leaf-2: {address: 192.0.2.2, groups: leaves}
""")
    assert len(found) == 3
    assert all(line.startswith("inventory.yaml:2: group leaves: ") for line in found)


@pytest.mark.parametrize(
    "line",
    [
        "credentials: {username: x, password: hunter2}",
        "credentials: {username: x, password: env:hunter2!}",
        "credentials: {username: x, password: {hunter2: }}",
        "credentials: hunter2",
        "credentials: [x, hunter2]",
        "password: hunter2",
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(line: str) -> None:
    assert "hunter2" not in "".join(mistakes(with_target(line)))


def test_a_file_wrong_in_thousands_of_places_is_told_in_a_readable_number_of_lines() -> None:
    found = mistakes("targets:\n" + "".join(f"  leaf-{number}: {{}}\n" for number in range(1000)))
    assert len(found) == 201
    assert found[-1] == "inventory.yaml: and 2800 more mistakes like these"


def test_a_name_that_stands_twice_is_told_with_both_lines() -> None:
    assert mistakes(FINE + "  leaf-1: {address: 192.0.2.2}\n") == [
        "inventory.yaml:7: 'leaf-1' stands here again, first in line 5"
    ]


@pytest.mark.parametrize("address", ["LEAF.example", "leaf.EXAMPLE"])
def test_two_targets_cannot_be_one_device(address: str) -> None:
    text = FINE.replace("192.0.2.1", "leaf.example")
    assert mistakes(text + f"  leaf-2: {{address: {address}}}\n") == [
        "inventory.yaml:7: target leaf-2: leaf.example:9339 is target leaf-1's already, in line 5"
    ]
    assert len(parsed(text + f"  leaf-2: {{address: {address}, port: 9340}}\n").targets) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &x 1\n", "inventory.yaml:1: anchors (&) are not used here"),
        ("a: *x\n", "inventory.yaml:1: aliases (*) are not used here"),
        ("<<: {}\n", "inventory.yaml:1: merge keys (<<) are not used here"),
        ("a: !!python/object/apply:os.system [x]\n", "inventory.yaml:1: tags (!) are not used here"),
        (FINE + "---\na: 1\n", "inventory.yaml:7: a second document begins here"),
        ("? [a]\n: 1\n", "inventory.yaml:1: a key must be a text"),
        ("a:\n\t- x\n", "inventory.yaml:2: this is no YAML: found character that cannot start any token"),
        ("a: [1\n", "inventory.yaml:2: this is no YAML: did not find expected ',' or ']'"),
        ("é: é\n\na: \x01\n", "inventory.yaml:3: the character U+0001 may not stand in YAML"),
        ("[" * 100_000, "inventory.yaml:1: nested more than 16 levels deep"),
        ("- a\n", "inventory.yaml:1: must be a mapping with defaults, groups, targets"),
        ("# nothing\n", "inventory.yaml: there are no targets"),
        ("targets:\n", "inventory.yaml: there are no targets"),
        ("targets: [leaf-1]\n", "inventory.yaml:1: targets: must be a mapping, from each target's name"),
    ],
)
def test_what_is_no_inventory_at_all_is_told(text: str, sentence: str) -> None:
    assert mistakes(text)[0].startswith(sentence)


@pytest.mark.parametrize("loader", [document._LOADER, yaml.SafeLoader])  # either may run
@pytest.mark.parametrize("sign", ["*", "&", "!", "!!", "!hunter2!", "%", "@", ""])
def test_a_password_is_repeated_in_no_message_whatever_yaml_takes_it_for(
    sign: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    found = mistakes(FINE + f"    credentials:\n      username: admin\n      password: {sign}hunter2\n")
    assert found
    assert "hunter2" not in "\n".join(found)


def test_a_bomb_of_aliases_costs_nothing() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in pairwise("abcdefghi"):
        rows.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    begin = time.process_time()
    assert any(
        told.startswith("inventory.yaml:9: aliases (*) are not used") for told in mistakes("\n".join(rows))
    )
    assert time.process_time() - begin < 1


def test_five_thousand_targets_are_read_in_two_seconds() -> None:
    text = FINE + "".join(
        f"  leaf-{number}x:\n    address: leaf-{number}.example\n    rack: r{number}\n    labels: {{a: b}}\n"
        for number in range(5_000)
    )
    begin = time.process_time()
    assert len(parsed(text).targets) == 5_001
    assert time.process_time() - begin < 2


def test_relative_paths_are_relative_to_the_inventory(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text(with_target("tls: {ca: pki/ca.pem}"))
    before = Path.cwd()
    os.chdir(tmp_path.parent)
    try:
        found = read_inventory(Path(tmp_path.name) / "inventory.yaml").targets["leaf-1"].tls
    finally:
        os.chdir(before)
    assert found == Tls(ca=tmp_path / "pki/ca.pem")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + FINE.encode())
    assert read_inventory(file) == parsed(FINE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (FINE.encode() + "    site: Zürich\n".encode("latin-1"), "inventory.yaml:7: is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "has more than 16 MiB"),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_inventory(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't read the inventory .*none\.yaml: No such file"):
        read_inventory(tmp_path / "none.yaml")


@given(st.text() | st.text(alphabet="{}[]:,-&*!<>'\"\n a1~|?#%@`"))
def test_any_text_is_an_inventory_or_has_mistakes(text: str) -> None:
    assert all(line.startswith("inventory.yaml:") for line in told(text))


@given(st.data())
def test_any_damage_to_an_inventory_is_told_or_does_none(data: st.DataObject) -> None:
    text = with_target(
        "groups: []", "tls: {ca: x}", "labels: {a: b}", "credentials: {username: a, password: env:B}"
    )
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 12))
    assert all(
        line.startswith("inventory.yaml:")
        for line in told(text[:at] + data.draw(st.text(max_size=3)) + text[at + cut :])
    )
