"""The options that every command with a Kafka cluster has.

Each also reads its environment variable. The password is no option: a command line can be seen by others.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess

Kafka = Annotated[
    str, typer.Option("--kafka", envvar="FABRICSCOPE_KAFKA", metavar="HOST:PORT", help="Several with commas.")
]
Tls = Annotated[
    bool,
    typer.Option(
        "--kafka-tls", envvar="FABRICSCOPE_KAFKA_TLS", help="TLS, trusting the system's authorities."
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        "--kafka-ca", envvar="FABRICSCOPE_KAFKA_CA", help="TLS, trusting this authority alone (PEM)."
    ),
]
Cert = Annotated[
    Path | None,
    typer.Option("--kafka-cert", envvar="FABRICSCOPE_KAFKA_CERT", help="Client certificate (PEM)."),
]
Key = Annotated[
    Path | None, typer.Option("--kafka-key", envvar="FABRICSCOPE_KAFKA_KEY", help="Its key (PEM).")
]
Sasl = Annotated[
    str | None,
    typer.Option(
        "--kafka-sasl-mechanism",
        envvar="FABRICSCOPE_KAFKA_SASL_MECHANISM",
        help="PLAIN (with TLS only), SCRAM-SHA-256 or SCRAM-SHA-512.",
    ),
]
User = Annotated[str | None, typer.Option("--kafka-user", envvar="FABRICSCOPE_KAFKA_USER", help="SASL user.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--kafka-password-file",
        envvar="FABRICSCOPE_KAFKA_PASSWORD_FILE",
        help="File with the SASL password; or set FABRICSCOPE_KAFKA_PASSWORD.",
    ),
]


def access(
    *,
    servers: str,
    tls: bool,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    mechanism: str | None,
    user: str | None,
    password_file: Path | None,
) -> KafkaAccess:
    """Return what the options say; raises InputError for what can't work or isn't safe."""
    password = os.environ.get("FABRICSCOPE_KAFKA_PASSWORD")
    if password_file is not None:
        try:
            password = password_file.read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"can't read the Kafka password file: {error}") from error
    return KafkaAccess(
        servers=servers,
        tls=tls,
        ca=ca,
        certificate=certificate,
        key=key,
        sasl_mechanism=mechanism,
        user=user,
        password=password,
    )
