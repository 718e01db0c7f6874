"""What an import refuses, all at once, and that importing again changes nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from collectors.errors import InputError
from collectors.inventory_cli import app
from collectors.inventory_file import parse_inventory
from collectors.inventory_import.devices import Choice, Choices, Device, choice, entries_of
from collectors.inventory_import.netbox import active, devices_of, read_netbox
from collectors.inventory_yaml.mistakes import Mistakes
from collectors.inventory_yaml.writing import inventory_text

FOR_ALL = Choices(profile=Choice("openconfig"), fabric=Choice("dc1"))
HEADER = "name,address,profile,fabric\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def mistakes(*arguments: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        run(*arguments)
    return str(raised.value).splitlines()


def csv_mistakes(tmp_path: Path, text: str, *arguments: str) -> list[str]:
    (tmp_path / "devices.csv").write_text(text)
    found = mistakes("import", "--csv", str(tmp_path / "devices.csv"), *arguments)
    return [line.removeprefix(f"{tmp_path}/") for line in found]


def netbox_mistakes(tmp_path: Path, document: object, *arguments: str) -> list[str]:
    (tmp_path / "devices.json").write_text(json.dumps(document))
    found = mistakes("import", "--netbox", str(tmp_path / "devices.json"), *arguments)
    return [line.removeprefix(f"{tmp_path}/") for line in found]


def test_all_mistakes_of_a_csv_file_are_told_with_their_lines(tmp_path: Path) -> None:
    found = csv_mistakes(
        tmp_path,
        HEADER
        + "leaf-1,192.0.2.1,openconfig,dc1\n"
        + ",192.0.2.2,openconfig,dc1\n"
        + "leaf-3,,openconfig,dc1\n"
        + "leaf 4,192.0.2.300,none,a b\n"
        + "leaf-1,192.0.2.5,openconfig,dc1\n"
        + "leaf-6,192.0.2.1,openconfig,dc1\n"
        + "leaf-7,192.0.2.7\n",
    )
    starts = [
        "devices.csv:3: device without a name: has no name",
        "devices.csv:4: device 'leaf-3': has no primary IP address",
        "devices.csv:5: device 'leaf 4': address: '192.0.2.300' is no IP address",
        "devices.csv:5: device 'leaf 4': fabric: fabric name 'a b' can't be part",
        "devices.csv:5: device 'leaf 4': name: 'leaf 4' can't be a name",
        "devices.csv:5: device 'leaf 4': profile: there is no profile 'none'",
        "devices.csv:6: device 'leaf-1': there is another device of this name",
        "devices.csv:7: device 'leaf-6': 192.0.2.1 is the address of leaf-1 too",
        "devices.csv:8: has 2 cells, the first row 4",
    ]
    assert len(found) == len(starts)
    assert all(line.startswith(start) for line, start in zip(found, starts, strict=True))


def test_the_lines_of_a_csv_file_count_those_within_cells(tmp_path: Path) -> None:
    text = 'name,address,label.note\nleaf-1,192.0.2.1,"a\nb"\nleaf-2,,\n'
    found = csv_mistakes(tmp_path, text, "--profile", "openconfig", "--fabric", "dc1")
    assert [line.split(": ")[0] for line in found] == ["devices.csv:3", "devices.csv:4"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("name,adress\n", "devices.csv:1: unknown column 'adress' (did you mean address?)"),
        ("name,address,name\n", "devices.csv:1: column 'name' stands there twice"),
        ("name\n", "devices.csv:1: there is no column address"),
        ("", "devices.csv:1: there is no column name"),
    ],
)
def test_a_first_row_that_names_no_usable_columns_is_told(tmp_path: Path, header: str, sentence: str) -> None:
    assert csv_mistakes(tmp_path, header)[0].startswith(sentence)


def test_quotes_that_are_not_closed_are_told(tmp_path: Path) -> None:
    assert csv_mistakes(tmp_path, HEADER + 'leaf-1,"192.0.2.1\n')[0].startswith(
        "devices.csv:2: this is no CSV: "
    )


def test_all_mistakes_of_netbox_are_told_by_device(tmp_path: Path) -> None:
    good = {"name": "leaf-1", "primary_ip": {"address": "192.0.2.1/32"}, "site": {"slug": "ams"}}
    found = netbox_mistakes(
        tmp_path,
        {
            "results": [
                good,
                {
                    "id": 7,
                    "name": None,
                    "primary_ip": None,
                    "platform": {"slug": "eos"},
                    "site": {"slug": "fra"},
                },
                {**good, "custom_fields": {"gnmi_port": 70000, "note": "a\nb"}},
            ],
            "next": None,
        },
        *("--fabric", "ams=dc1", "--profile", "sonic=openconfig", "--custom-field", "note"),
    )
    assert [line.partition(": ")[2] for line in found] == [
        "device 'leaf-1': has no platform to choose a profile by: add --profile PROFILE for all",
        (
            "device 'leaf-1': label note: 'a\\nb' can't be shown in one line:"
            " use 1 to 256 printable characters, no space at the ends"
        ),
        "device 'leaf-1': port: 70000 is not between 1 and 65535",
        "device 'leaf-1': there is another device of this name",
        "device without a name (id 7): has no name",
        "device without a name (id 7): has no primary IP address",
        (
            "device without a name (id 7): no fabric is chosen for the site 'fra':"
            " add --fabric fra=FABRIC, or --fabric FABRIC for all"
        ),
        (
            "device without a name (id 7): no profile is chosen for the platform 'eos':"
            " add --profile eos=PROFILE, or --profile PROFILE for all"
        ),
    ]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            {"results": [], "next": "https://netbox/?page=2", "count": 60},
            "is one page of 60 devices: fetch all",
        ),
        ({"detail": "Authentication credentials were not provided."}, "is no list of devices"),
        ([1], "is no list of devices"),
    ],
)
def test_json_that_is_not_all_devices_is_refused(tmp_path: Path, document: object, sentence: str) -> None:
    assert netbox_mistakes(tmp_path, document)[0].startswith(f"devices.json: {sentence}")


def test_what_is_no_json_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text('{\n"results": [\n')
    assert mistakes("import", "--netbox", str(file))[0].startswith(f"{file}:3: this is no JSON: ")


def test_devices_out_of_service_are_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    device = {"name": "leaf-1", "primary_ip": {"address": "192.0.2.1/32"}, "status": {"value": "active"}}
    gone = {"name": "leaf-2", "status": {"value": "offline"}}
    file.write_text(json.dumps([device, gone, {**gone, "status": {"value": "staged"}}, gone]))
    said = run("import", "--netbox", str(file), "--profile", "openconfig", "--fabric", "dc1")
    assert said.stderr.splitlines() == [
        "left out: 2 with status 'offline'",
        "left out: 1 with status 'staged'",
    ]
    assert "leaf-2" not in said.stdout


def test_importing_again_leaves_the_file_alone(tmp_path: Path) -> None:
    source, output = tmp_path / "devices.csv", tmp_path / "inventory.yaml"
    source.write_text(HEADER + "leaf-1,192.0.2.1,openconfig,dc1\nleaf-2,192.0.2.2,openconfig,dc1\n")
    arguments = ("import", "--csv", str(source), "--output", str(output))
    run(*arguments)
    before = output.stat()
    source.write_text(HEADER + "leaf-2,192.0.2.2,openconfig,dc1\nleaf-1,192.0.2.1,openconfig,dc1\n")
    run(*arguments)
    assert (output.stat().st_ino, output.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    source.write_text(HEADER + "leaf-3,192.0.2.3,openconfig,dc1\n")
    run(*arguments)
    assert "leaf-3" in output.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["devices.csv", "inventory.yaml"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name one source"),
        (["--csv", "a", "--netbox", "b"], "name one source"),
        (["--csv", "none.csv"], "can't read none.csv: No such file"),
        (["--csv", "a", "--profile", "=x"], "--profile '=x': write VALUE, or KEY=VALUE"),
        (["--csv", "a", "--profile", "x="], "--profile 'x=': write VALUE, or KEY=VALUE"),
        (["--csv", "a", "--fabric", "x", "--fabric", "y"], "--fabric 'y': contradicts an earlier --fabric"),
        (["--csv", "a", "--role", "x=1", "--role", "x=2"], "--role 'x=2': contradicts an earlier --role"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mistakes("import", *arguments)[0].startswith(sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--username", "x"], "--username and --password go together"),
        (["--username", "x", "--password", "hunter2"], "a password has no place in an inventory"),
        (["--tls-ca", "~/ca.pem"], "~/ca.pem: ~ is not expanded here"),
    ],
)
def test_what_goes_for_all_is_checked_as_the_rest(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    found = csv_mistakes(tmp_path, HEADER + "leaf-1,192.0.2.1,openconfig,dc1\n", *arguments)
    assert found[0].startswith(sentence)


def test_a_key_with_an_equals_sign_is_a_key() -> None:
    assert choice(["a=b=c", "d"], "--profile") == Choice("d", {"a=b": "c"})


def test_check_shows_what_targets_have_in_the_end_and_no_password(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text("""\
defaults:
  profile: openconfig
  fabric: dc1
  labels: {note: "[red]x"}
  credentials: {username: telemetry, password: env:X}
targets:
  leaf-1: {address: 192.0.2.1}
  lab-1: {address: 192.0.2.2, insecure: true, credentials: null}
""")
    table = run("check", str(file)).stdout
    assert "note=[red]x" in table
    assert "insecure" in table
    found = json.loads(run("check", str(file), "--json").stdout)
    assert [target["name"] for target in found] == ["leaf-1", "lab-1"]
    assert found[0]["credentials"] == {"username": "telemetry", "password": "env:X"}
    assert found[1]["tls"] is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["slug", "value", "name", "label", "address", "display"]), inner)
    ),
    max_leaves=6,
)
READ = (
    *("id", "name", "status", "role", "device_role", "platform", "site", "rack", "tags"),
    *("primary_ip", "primary_ip4", "custom_fields"),
)
DEVICE = st.fixed_dictionaries({}, optional=dict.fromkeys(READ, JSON))


@given(document=JSON | st.lists(DEVICE, max_size=3) | st.fixed_dictionaries({"results": st.lists(DEVICE)}))
def test_any_json_is_devices_or_refused(document: object) -> None:
    text, told = json.dumps(document), Mistakes("devices.json")
    try:
        found, _ = active(read_netbox(text, "devices.json"))
    except InputError:
        return
    entries = entries_of(devices_of(found, ["note"]), FOR_ALL, told)
    try:
        told.raise_if_any()
    except InputError:
        return
    assert len(entries) == len(found)
    assert all({"address", "profile", "fabric"} <= entry.keys() for entry in entries.values())


@pytest.mark.parametrize("text", ["[" * 100_000, "[" + "9" * 5_000 + "]"])
def test_json_made_to_break_its_reader_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"devices\.json"):
        read_netbox(text, "devices.json")


TEXTS = st.text(min_size=1, max_size=200)


@given(
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True),
    site=TEXTS,
    rack=TEXTS,
    labels=st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), TEXTS, max_size=3),
)
def test_what_an_import_writes_reads_back_as_what_was_meant(
    name: str, site: str, rack: str, labels: dict[str, str]
) -> None:
    device = Device(where="x", name=name, address="192.0.2.1", site=site, rack=rack, labels=labels)
    told = Mistakes("x")
    entries = entries_of([device], FOR_ALL, told)
    try:
        told.raise_if_any()
    except InputError:
        return
    text = inventory_text(entries, {}, "made")
    read = parse_inventory(text, file="x", base=Path("/")).targets[name]
    assert (read.site, read.rack, read.labels) == (site, rack, labels)
    assert (read.profile, read.fabric, read.address) == ("openconfig", "dc1", "192.0.2.1")
