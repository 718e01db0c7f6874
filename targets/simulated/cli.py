"""The command ``simulate``. Exit codes: 0 played, 1 failed on the way, 2 an option can't be used."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from collectors.errors import FabricscopeError, InputError


def simulate(
    *,
    scenario: Annotated[
        str, typer.Option(envvar="FABRICSCOPE_SCENARIO", help="What happens: story, calm, ...; see the docs.")
    ] = "story",
    seed: Annotated[
        int, typer.Option(envvar="FABRICSCOPE_SEED", help="Same seed, same scenario: delays, hosts, chatter.")
    ] = 7,
    capture: Annotated[
        Path | None,
        typer.Option(
            envvar="FABRICSCOPE_CAPTURE",
            help="Write at once what a collector would have written, a Parquet file, and FILE.truth.jsonl.",
        ),
    ] = None,
    spines: Annotated[int, typer.Option(envvar="FABRICSCOPE_SPINES", help="Number of spines.")] = 2,
    leaves: Annotated[int, typer.Option(envvar="FABRICSCOPE_LEAVES", help="Number of leaves.")] = 4,
    hosts: Annotated[int, typer.Option(envvar="FABRICSCOPE_HOSTS", help="Hosts with one link.")] = 40,
    vnis: Annotated[int, typer.Option(envvar="FABRICSCOPE_VNIS", help="Layer 2 VNIs, all on each leaf.")] = 4,
    design: Annotated[
        Literal["ebgp", "ibgp"],
        typer.Option(envvar="FABRICSCOPE_DESIGN", help="ibgp: the spines are route reflectors."),
    ] = "ebgp",
    underlay: Annotated[
        Literal["ipv4", "ipv6"],
        typer.Option(envvar="FABRICSCOPE_UNDERLAY", help="Addresses of links, loopbacks and VTEPs."),
    ] = "ipv4",
) -> None:
    """Play a scenario on a simulated EVPN fabric, with its ground truth.

    Exit code 0: played; 1: something failed on the way; 2: an option can't be used.
    """
    from targets.simulated.design import Design  # noqa: PLC0415  # slow to import, and only needed here
    from targets.simulated.fabric import Fabric  # noqa: PLC0415
    from targets.simulated.scenarios import named  # noqa: PLC0415

    try:
        played = named(scenario)
        made = Design(spines, leaves, design, 6 if underlay == "ipv6" else 4, vnis, hosts)
        fabric = Fabric.build(made, seed)
        if capture is not None:
            _offline(fabric, played, seed, capture)
    except InputError as error:
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(2) from error
    except (FabricscopeError, OSError) as error:
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from error


def _offline(fabric: Any, scenario: Any, seed: int, capture: Path) -> None:
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
