"""The command ``simulate``. Exit codes: 0 played, 1 failed or interrupted, 2 an option can't be used."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from collectors.errors import FabricscopeError, InputError

if TYPE_CHECKING:  # slow to import, and only needed by the command itself
    from targets.simulated.fabric import Fabric
    from targets.simulated.scenarios import Scenario

_FABRIC, _LIVE, _OFFLINE = "Fabric", "Live", "Offline"


def simulate(
    *,
    scenario: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_SCENARIO", help="What happens: story, calm, outage, loop, clocks, load, idle."
        ),
    ] = "story",
    seed: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_SEED", help="Same seed, same hosts, delays and chatter.")
    ] = 7,
    rate: Annotated[
        float,
        typer.Option(envvar="FABRICSCOPE_RATE", help="Of scenario load: updates a second, of all devices."),
    ] = 1_000.0,
    seconds: Annotated[
        float, typer.Option(envvar="FABRICSCOPE_SECONDS", help="Of scenario load: how long.")
    ] = 60.0,
    spines: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_SPINES", help="Number of spines.", rich_help_panel=_FABRIC)
    ] = 2,
    leaves: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_LEAVES", help="Number of leaves.", rich_help_panel=_FABRIC)
    ] = 4,
    hosts: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_HOSTS", help="Hosts with one link.", rich_help_panel=_FABRIC)
    ] = 40,
    vnis: Annotated[
        int,
        typer.Option(
            envvar="FABRICSCOPE_VNIS", help="Layer 2 VNIs, all on each leaf.", rich_help_panel=_FABRIC
        ),
    ] = 4,
    design: Annotated[
        Literal["ebgp", "ibgp", "ebgp-ebgp", "ibgp-ebgp"],
        typer.Option(
            envvar="FABRICSCOPE_DESIGN",
            help="ebgp: an AS per leaf; ibgp: the spines are route reflectors, over an IGP; with -ebgp:"
            " between loopbacks, over an EBGP underlay.",
            rich_help_panel=_FABRIC,
        ),
    ] = "ebgp",
    underlay: Annotated[
        Literal["ipv4", "ipv6"],
        typer.Option(
            envvar="FABRICSCOPE_UNDERLAY",
            help="Addresses of links, loopbacks and VTEPs.",
            rich_help_panel=_FABRIC,
        ),
    ] = "ipv4",
    folder: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_FOLDER",
            file_okay=False,
            help="Serve the devices as gNMI targets; inventory, certificates and ground truth go here.",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    fabric: Annotated[
        str,
        typer.Option(
            envvar="FABRICSCOPE_FABRIC", help="The fabric's name in the inventory.", rich_help_panel=_LIVE
        ),
    ] = "simulated",
    listen: Annotated[
        str,
        typer.Option(envvar="FABRICSCOPE_LISTEN", help="The address of all targets.", rich_help_panel=_LIVE),
    ] = "127.0.0.1",
    first_port: Annotated[
        int,
        typer.Option(
            envvar="FABRICSCOPE_FIRST_PORT",
            min=0,
            max=65_535,
            help="Of the first target, the others follow; 0: free ones.",
            rich_help_panel=_LIVE,
        ),
    ] = 0,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            envvar="FABRICSCOPE_WAIT",
            help="Begin when all targets have a subscriber that was told all.",
            rich_help_panel=_LIVE,
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            envvar="FABRICSCOPE_KEEP",
            help="Stay up when the scenario is over.",
            rich_help_panel=_LIVE,
        ),
    ] = False,
    interactive: Annotated[
        bool | None,
        typer.Option(
            "--interactive/--no-interactive",
            envvar="FABRICSCOPE_INTERACTIVE",
            help="Do what is typed, as link-down leaf-1 eth1, and stay up.",
            show_default="if there is a terminal",
            rich_help_panel=_LIVE,
        ),
    ] = None,
    capture: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_CAPTURE",
            help="Write at once what a collector would have written, a Parquet file, and FILE.truth.jsonl.",
            rich_help_panel=_OFFLINE,
        ),
    ] = None,
) -> None:
    """Play a scenario on a simulated EVPN fabric: as gNMI targets that a collector dials, or to a capture.

    Exit code 0: played; 1: it failed or was interrupted before its end; 2: an option can't be used.
    """
    from targets.simulated.design import Design  # noqa: PLC0415  # slow to import, and only needed here
    from targets.simulated.fabric import Fabric  # noqa: PLC0415
    from targets.simulated.scenarios import named  # noqa: PLC0415

    if (folder is None) == (capture is None):
        raise InputError(
            "simulate either serves targets or writes a capture: give --folder DIR or --capture FILE"
        )
    played = named(scenario, rate, seconds)
    made = Fabric.build(Design(spines, leaves, design, 6 if underlay == "ipv6" else 4, vnis, hosts), seed)
    if capture is not None:
        try:
            _offline(made, played, seed, capture)
        except OSError as error:
            raise FabricscopeError(f"{capture} can't be written: {error}") from error
    elif folder is not None:
        from targets.simulate.live import Options, play  # noqa: PLC0415  # as above

        typed = sys.stdin.isatty() if interactive is None else interactive
        try:
            play(made, Options(played, seed, folder, fabric, listen, first_port, wait, keep, typed))
        except OSError as error:
            raise FabricscopeError(f"the files in {folder} can't be written: {error}") from error


def _offline(fabric: "Fabric", scenario: "Scenario", seed: int, capture: Path) -> None:
    from collectors.captures import write_capture  # noqa: PLC0415  # slow to import, and only needed here
    from targets.simulated.play import recorded  # noqa: PLC0415
    from targets.simulated.truth import Line, text_of  # noqa: PLC0415

    lines: list[Line] = []
    records = write_capture(capture, recorded(fabric, scenario, seed, _version(), lines))
    truth = capture.with_name(capture.name + ".truth.jsonl")
    truth.write_bytes(b"".join(map(text_of, lines)))
    typer.echo(f"{records} records in {capture}, {len(lines)} lines in {truth}", err=True)


def _version() -> str:
    try:
        return version("fabricscope")
    except PackageNotFoundError:
        return "unknown"
