"""Apache Kafka (KRaft, one node) for tests: fetched by Maven, run by java, gone at the end of the session."""

import base64
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from pipeline.broker import free_port

HERE: Final = Path(__file__).parent / "kafka"
CACHE: Final = Path(__file__).parents[2] / ".cache" / "kafka"
COPY_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
START_TIMEOUT_S: Final = 60.0
USER: Final = "alice"
PASSWORD: Final = "open-sesame"  # of a broker that lives for one test session


class MissingServiceError(Exception):
    """Kafka can't be had on this machine; the message says why."""


@dataclass(frozen=True)
class ApacheKafka:
    """A running broker: one HOST:PORT for each way in."""

    plaintext: str
    proxied: str
    """A plaintext listener that sends clients on to ``proxy_port``."""
    proxy_port: int
    tls: str
    mutual_tls: str
    sasl_plaintext: str
    sasl_tls: str
    authority: Path
    client_certificate: Path
    client_key: Path


def jars() -> Path:
    """Return the folder with the broker's jars, fetched on the first call; raises MissingServiceError."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise MissingServiceError(f"Apache Kafka needs {program}, which is not installed")
    pom = HERE / "pom.xml"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = CACHE / "pom.xml"  # a copy of what the jars were fetched for
        if not ready.exists() or ready.read_bytes() != pom.read_bytes():
            shutil.rmtree(CACHE / "jars", ignore_errors=True)
            command = ["mvn", "-B", "-q", "-ntp", "-f", str(pom), COPY_PLUGIN, "-DincludeScope=runtime"]
            fetched = subprocess.run(
                [*command, f"-DoutputDirectory={CACHE / 'jars'}"], check=False, capture_output=True, text=True
            )
            if fetched.returncode:
                raise MissingServiceError(f"Maven could not fetch Apache Kafka: {fetched.stdout[-800:]}")
            shutil.copyfile(pom, ready)
    return CACHE / "jars"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ApacheKafka]:
    """Run a broker with its data, keys and log below ``folder``; yields when it takes connections."""
    classpath = f"{HERE}{os.pathsep}{jars()}/*"
    ports = free_ports(8)
    broker, secrets = _addresses(folder, ports)
    properties = folder / "server.properties"
    properties.write_text(_properties(folder, ports, secrets))
    java = ["java", "-Xmx512m", "-Dlog4j.configurationFile=log4j2.properties", "-cp", classpath]
    scram = f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    log = folder / "broker.log"
    with log.open("wb") as output:
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties, "-S", scram],
            check=True,
            stdout=output,
            stderr=output,
        )
        process = subprocess.Popen(
            [*java, "kafka.Kafka", properties], stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_listening(process, broker, log)
        yield broker
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _addresses(folder: Path, ports: list[int]) -> tuple[ApacheKafka, Path]:
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client@test")
    paths = {name: folder / name for name in ("ca.pem", "server.pem", "client.pem", "client.key")}
    authority.cert_pem.write_to_path(paths["ca.pem"])
    key = load_pem_private_key(server.private_key_pem.bytes(), password=None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # the one form Java reads
    paths["server.pem"].write_bytes(pkcs8 + server.cert_chain_pems[0].bytes())
    client.cert_chain_pems[0].write_to_path(paths["client.pem"])
    client.private_key_pem.write_to_path(paths["client.key"])
    at = [f"127.0.0.1:{port}" for port in ports]
    broker = ApacheKafka(
        plaintext=at[1],
        proxied=at[2],
        proxy_port=ports[7],
        tls=at[3],
        mutual_tls=at[4],
        sasl_plaintext=at[5],
        sasl_tls=at[6],
        authority=paths["ca.pem"],
        client_certificate=paths["client.pem"],
        client_key=paths["client.key"],
    )
    return broker, paths["server.pem"]


def _properties(folder: Path, ports: list[int], keys: Path) -> str:
    names = ("CONTROLLER", "PLAINTEXT", "PROXIED", "TLS", "MTLS", "SASL", "SASLTLS")
    protocols = ("PLAINTEXT", "PLAINTEXT", "PLAINTEXT", "SSL", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    at = {name: f"{name}://127.0.0.1:{port}" for name, port in zip(names, ports, strict=False)}
    advertised = {name: url for name, url in at.items() if name != "CONTROLLER"}
    advertised["PROXIED"] = f"PROXIED://127.0.0.1:{ports[7]}"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    plain = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required"
        f' username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";'
    )
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{ports[0]}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listeners": ",".join(at.values()),
        "advertised.listeners": ",".join(advertised.values()),
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}" for name, protocol in zip(names, protocols, strict=True)
        ),
        "log.dirs": str(folder / "data"),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keys),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.mtls.ssl.client.auth": "required",
    }
    for listener in ("sasl", "sasltls"):
        prefix = f"listener.name.{listener}"
        lines[f"{prefix}.sasl.enabled.mechanisms"] = "SCRAM-SHA-256,PLAIN"
        lines[f"{prefix}.scram-sha-256.sasl.jaas.config"] = scram
        lines[f"{prefix}.plain.sasl.jaas.config"] = plain
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def _wait_until_listening(process: subprocess.Popen[bytes], broker: ApacheKafka, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    for address in (broker.plaintext, broker.tls, broker.mutual_tls, broker.sasl_plaintext, broker.sasl_tls):
        host, port = address.split(":")
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Apache Kafka did not start: {log.read_text()[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                break
            time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at, each another."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return sorted(found)
