"""How to reach a Kafka cluster: addresses, TLS, SASL, and what is wrong when it can't be reached."""

import contextlib
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import kafka.errors
from kafka.admin import KafkaAdminClient
from kafka.net.compat import KafkaNetClient

from collectors.errors import FabricscopeError, InputError

SASL_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
BOOTSTRAP_TIMEOUT_MS: Final = 15_000


@dataclass(frozen=True, kw_only=True)
class KafkaAccess:
    """Where a cluster is and how to prove who we are. Raises InputError for what can't work or isn't safe."""

    servers: str
    """HOST:PORT, several with commas."""
    tls: bool = False
    """TLS with the system's authorities; ``ca`` implies it with that authority alone."""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    sasl_mechanism: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    bootstrap_timeout_ms: int = BOOTSTRAP_TIMEOUT_MS

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        for server in self.servers.split(","):
            host_and_port(server)
        if (self.certificate is None) != (self.key is None):
            raise InputError("a client certificate for Kafka needs --kafka-cert and --kafka-key, both")
        if self.certificate and not self.encrypted:
            raise InputError("--kafka-cert is of no use without TLS: add --kafka-ca or --kafka-tls")
        if self.sasl_mechanism is None:
            if self.user or self.password:
                raise InputError("a Kafka user or password needs --kafka-sasl-mechanism")
            return
        if self.sasl_mechanism not in SASL_MECHANISMS:
            known = ", ".join(SASL_MECHANISMS)
            raise InputError(f"SASL mechanism {self.sasl_mechanism!r} is none of {known}")
        if not self.user or not self.password:
            raise InputError(
                f"SASL {self.sasl_mechanism} needs FABRICSCOPE_KAFKA_USER and FABRICSCOPE_KAFKA_PASSWORD"
                " (or --kafka-user and --kafka-password-file)"
            )
        if self.sasl_mechanism == "PLAIN" and not self.encrypted:
            raise InputError(
                "SASL PLAIN without TLS would send the password in clear text:"
                " add --kafka-ca or --kafka-tls, or use a SCRAM mechanism"
            )

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.tls or self.ca is not None

    def _client_options(self) -> dict[str, Any]:  # Any: keyword arguments of an untyped library
        """Return the keyword arguments that every client of kafka-python takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers.split(","),
            "client_id": "fabricscope",
            "bootstrap_timeout_ms": self.bootstrap_timeout_ms,
        }
        transport = "SSL" if self.encrypted else "PLAINTEXT"
        options["security_protocol"] = f"SASL_{transport}" if self.sasl_mechanism else transport
        if self.encrypted:
            options["ssl_context"] = self.ssl_context()
        if self.sasl_mechanism:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.user
            options["sasl_plain_password"] = self.password
        return options

    def ssl_context(self) -> ssl.SSLContext:
        """Return a context that checks the server's certificate and name; raises InputError."""
        context = ssl.create_default_context()
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            with _readable(self.ca, "certificate authority"):
                context.load_verify_locations(cafile=self.ca)
        if self.certificate is not None and self.key is not None:
            with _readable(self.certificate, f"certificate with key {self.key}"):
                context.load_cert_chain(self.certificate, self.key, password=_no_passphrase)
        return context

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what kafka-python raises inside the block into a FabricscopeError that says the reason."""
        reasons = _Reasons()
        logging.getLogger("kafka").addHandler(reasons)
        try:
            yield
        except kafka.errors.KafkaError as error:
            raise FabricscopeError(
                f"Kafka at {self.servers}: {self._sentence(reasons.best or error)}"
            ) from error
        finally:
            logging.getLogger("kafka").removeHandler(reasons)

    def _sentence(self, reason: kafka.errors.KafkaError) -> str:
        if isinstance(reason, kafka.errors.SaslAuthenticationFailedError):
            return f"the login of {self.user} is refused: {reason}"
        if self.sasl_mechanism and isinstance(reason, kafka.errors.KafkaConnectionError):
            # a server that refuses a login hangs up, often before its answer is read
            return f"{reason} (perhaps the login of {self.user} is refused)"
        return str(reason)

    def cluster_id(self) -> str:
        """Return the id of the cluster; raises FabricscopeError when it can't be reached."""
        with contextlib.closing(self.connect(KafkaAdminClient)) as admin, self.errors():
            return str(admin.describe_cluster()["cluster_id"])

    def connect(
        self, client: Callable[..., Any], **options: Any
    ) -> Any:  # Any: classes of an untyped library
        """Return a connected client of a class of kafka-python; raises FabricscopeError when that fails.

        Such a class, failing, would leave a thread behind that goes on trying.
        """
        made: list[KafkaNetClient] = []

        def network(**settings: Any) -> KafkaNetClient:
            made.append(KafkaNetClient(**settings))
            return made[-1]

        try:
            with self.errors():
                return client(**self._client_options(), **options, kafka_client=network)
        except FabricscopeError:
            for abandoned in made:
                abandoned.close()
            raise


class _Reasons(logging.Handler):
    """Keeps the most telling failure that kafka-python logs while it retries: it raises a bare time-out."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.best: kafka.errors.KafkaError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Prefer a refused login to a TLS failure, and that to a lost connection."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        for argument in arguments:
            if isinstance(argument, kafka.errors.KafkaError) and _telling(argument) >= _telling(self.best):
                self.best = argument


def _telling(error: kafka.errors.KafkaError | None) -> int:
    if error is None or isinstance(
        error, (kafka.errors.KafkaTimeoutError, kafka.errors.RequestTimedOutError)
    ):
        return 0
    if isinstance(error, kafka.errors.SaslAuthenticationFailedError):
        return 3
    return 2 if "SSL" in str(error) else 1


def host_and_port(server: str) -> tuple[str, int]:
    """Return the parts of ``HOST:PORT``, an IPv6 address without its brackets; raises InputError."""
    host, _, port = server.strip().rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise InputError(f"{server!r} is no HOST:PORT of a Kafka server")
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"can't use {path} as Kafka {what}: {error}") from error


def _no_passphrase() -> str:
    raise InputError("the Kafka key is encrypted: give one without a passphrase, readable by this user only")
