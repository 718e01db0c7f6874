"""Kafka: whether it can be reached, is encrypted, and has what fabrics need."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kafka.admin import KafkaAdminClient

from collectors.doctor import certificate
from collectors.doctor.findings import Finding, Place
from collectors.doctor.topics import judged
from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess, host_and_port
from collectors.records import topic_of
from collectors.topics import Topic, Untold, described

CHECK: Final = "kafka"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cluster says of itself and of topics."""

    cluster: str
    brokers: int
    topics: Mapping[str, Topic | Untold]
    """Those that there are."""


async def check(access: KafkaAccess, fabrics: Collection[str], now: datetime) -> list[Finding]:
    """Return what is found of the servers' certificates, the cluster, and the topic of each fabric."""
    found: list[Finding] = []
    if access.encrypted:
        context = await asyncio.to_thread(access.ssl_context)
        for host, port in map(host_and_port, access.servers.split(",")):
            place = Place(f"{host}:{port}", certificate.CHECK)
            found.append(await certificate.server_certificate(place, (host, port), host, context, now))
    place = Place(access.servers, CHECK)
    try:
        seen = await asyncio.to_thread(_seen, access, [topic_of(fabric) for fabric in fabrics])
    except FabricscopeError as error:
        found.append(place.error(str(error), "is the address right, and is Kafka up? See its log"))
        return found
    found.append(_reached(place, access, seen))
    for fabric in fabrics:
        found += judged(topic_of(fabric), seen.topics.get(topic_of(fabric)), seen.brokers)
    return found


def _reached(place: Place, access: KafkaAccess, seen: Seen) -> Finding:
    words = f"cluster {seen.cluster} with {seen.brokers} broker{'s' * (seen.brokers != 1)}"
    login = f"as {access.user}" if access.user else "without a login"
    if access.encrypted:
        return place.ok(f"{words}, over TLS, {login}")
    if all(_is_here(host_and_port(server)[0]) for server in access.servers.split(",")):
        return place.ok(f"{words}, on this machine, {login}")
    return place.warning(
        f"{words}, without TLS, {login}: whoever is between can read and change records",
        "give the brokers a TLS listener and use --kafka-ca or --kafka-tls",
    )


def _seen(access: KafkaAccess, names: list[str]) -> Seen:
    with contextlib.closing(access.connect(KafkaAdminClient)) as admin, access.errors():
        cluster = admin.describe_cluster()
    return Seen(
        cluster=str(cluster["cluster_id"]),
        brokers=len(cluster["brokers"]),
        topics=described(access, names),
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
