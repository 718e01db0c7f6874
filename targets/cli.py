"""Commands of the device side: each part brings its own."""

import typer

from targets.frr.cli import frr_agent, hash_password
from targets.simulate.cli import simulate

app = typer.Typer(no_args_is_help=True)


@app.callback()
def main() -> None:
    """Commands of the device side."""


app.command("frr-agent")(frr_agent)
app.command("hash-password")(hash_password)
app.command("simulate")(simulate)
