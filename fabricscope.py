"""The command ``fabricscope``: mounts each package's commands, sets up logs, turns errors into exit codes."""

import logging
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import structlog
import typer

from collectors.errors import FabricscopeError, InputError, RefusedError

EXIT_CODES: Final = {FabricscopeError: 1, InputError: 2, RefusedError: 3}
"""0 is done; anything unforeseen ends with a traceback and 1."""
SAMPLE_S: Final = 10.0
"""A library that repeats itself is heard once in this time."""

COMMANDS: Final = {
    "advise": "pipeline.whatif.advise_cli",
    "alert": "pipeline.alerts.cli",
    "backtest": "pipeline.whatif.cli",
    "blast-radius": "pipeline.forensics.cli",
    "bundle": "pipeline.report.bundle_cli",
    "capture": "pipeline.cli",
    "collect": "collectors.cli",
    "declare": "pipeline.declare_cli",
    "demo": "demo.cli",
    "diff": "pipeline.forensics.cli",
    "doctor": "collectors.doctor.cli",
    "forensics": "pipeline.forensics.cli",
    "frr-agent": "targets.cli",
    "hash-password": "targets.cli",
    "incident": "pipeline.desk.incident_cli",
    "inventory": "collectors.inventory_cli",
    "maintenance": "pipeline.desk.maintenance_cli",
    "play": "demo.play_cli",
    "preview": "pipeline.whatif.preview_cli",
    "publish": "pipeline.cli",
    "replay": "pipeline.cli",
    "report": "pipeline.report.cli",
    "rules": "pipeline.rules_cli",
    "run": "pipeline.cli",
    "score": "scenarios.cli",
    "serve": "pipeline.pgwire.cli",
    "simulate": "targets.cli",
    "sql-user": "pipeline.pgwire.users_cli",
    "state": "pipeline.forensics.cli",
    "store": "pipeline.store.cli",
    "targets": "collectors.cli",
}
"""Each command's module. Only that of the command at hand is loaded: an agent on a switch needs no DuckDB."""
GROUPS: Final = (
    "alert",
    "incident",
    "inventory",
    "maintenance",
    "sql-user",
    "preview",
    "store",
)
"""Commands that have commands of their own."""


def command_line(arguments: Sequence[str]) -> typer.Typer:
    """Return the commands that the arguments may mean: one, or all of them."""
    app = typer.Typer(
        name="fabricscope",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="EVPN observability: what MACs, VTEPs, segments and links did, and which incidents follow.",
        epilog="Exit codes: 0 done, 1 failed, 2 bad input or usage, 3 refused: store or position don't fit.",
    )
    app.callback()(lambda: None)  # one command alone would be taken for the program itself
    wanted = [name for name in arguments[:1] if name in COMMANDS] or list(COMMANDS)
    for module in dict.fromkeys(COMMANDS[name] for name in wanted):
        mounted: typer.Typer = import_module(module).app
        group = next((name for name in GROUPS if COMMANDS[name] == module), None)
        if group is not None:
            app.add_typer(mounted, name=group)
        else:
            app.registered_commands.extend(mounted.registered_commands)
    return app


def main() -> None:
    """Run the command line."""
    configure_logs()
    try:
        command_line(sys.argv[1:])()
    except FabricscopeError as error:
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES))


def configure_logs() -> None:
    """Send logs to stderr: lines for people on a terminal, JSON elsewhere. Only results go to stdout."""
    people = sys.stderr.isatty()
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # plain tracebacks: those with local variables would print passwords and what people asked
    renderers: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    output.addFilter(Sampled())
    logging.basicConfig(handlers=[output], level=logging.WARNING, force=True)  # pygnmi adds one for stdout
    for package in ("collectors", "pipeline", "targets"):
        logging.getLogger(package).setLevel(logging.INFO)


class Sampled(logging.Filter):
    """Lets a library's message through once in SAMPLE_S; our own events always."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        super().__init__()
        self._heard: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        if isinstance(record.msg, dict):  # from structlog
            return True
        kind, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._heard.get(kind, -SAMPLE_S) < SAMPLE_S:
            return False
        self._heard[kind] = now
        return True


if __name__ == "__main__":
    main()
