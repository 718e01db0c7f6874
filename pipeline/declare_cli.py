"""The command ``declare``: what should be there, told to all replicas of a fabric."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import structlog
import typer

from collectors import kafka_options as options
from collectors.records import Kind, Record, encode_record
from pipeline import declaration_file
from pipeline.kafka_publish import Publisher

app = typer.Typer()
log = structlog.get_logger(__name__)
_KEY = "operator"
"""Key of what operators tell; targets have theirs."""


@app.command()
def declare(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            envvar="FABRICSCOPE_DECLARATION", help="The declaration, YAML.", exists=True, dir_okay=False
        ),
    ],
    fabric: Annotated[
        str | None, typer.Option(envvar="FABRICSCOPE_FABRIC", help="The fabric's name.")
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option(envvar="FABRICSCOPE_KAFKA", metavar="HOST:PORT[,HOST:PORT...]", help="Kafka brokers."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", envvar="FABRICSCOPE_DRY_RUN", help="Check the file and print what would be declared."
        ),
    ] = False,
    kafka_tls: options.Tls = False,
    kafka_ca: options.Ca = None,
    kafka_cert: options.Cert = None,
    kafka_key: options.Key = None,
    kafka_sasl_mechanism: options.Sasl = None,
    kafka_user: options.User = None,
    kafka_password_file: options.PasswordFile = None,
) -> None:
    """Declare a fabric: tenants of VNIs, members of segments and LAGs, uplinks that should be.

    The newest declaration of a fabric holds as a whole. What isn't declared is learned, or unknown.
    Exit code 0: declared; 1: failed; 2: bad input or usage.
    """
    content = declaration_file.read(file)
    if dry_run:
        json.dump(content, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    if fabric is None or kafka is None:
        raise typer.BadParameter("--fabric and --kafka say where to: give both, or --dry-run")
    access = options.access(
        servers=kafka,
        tls=kafka_tls,
        ca=kafka_ca,
        certificate=kafka_cert,
        key=kafka_key,
        mechanism=kafka_sasl_mechanism,
        user=kafka_user,
        password_file=kafka_password_file,
    )
    now = datetime.now(UTC)  # noqa: TID251  # when the operator said so
    now_ns = int(now.timestamp() * 1_000_000) * 1000
    record = encode_record(Record(kind=Kind.FABRIC, recv_ns=now_ns, json=orjson.dumps(content)))
    with Publisher.open(access, fabric) as publisher:
        publisher.send(_KEY, record, now_ns // 1_000_000)
    log.info(
        "declared", fabric=fabric, vnis=len(content.get("vnis", {})), targets=len(content.get("targets", {}))
    )
