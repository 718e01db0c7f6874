"""The files and variables that a target refers to: there, readable, fitting, not expired."""

import ssl
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from collectors.credentials import no_passphrase, resolved
from collectors.doctor.findings import Finding, Place, gravest
from collectors.doctor.validity import validity
from collectors.errors import InputError
from collectors.inventory import Credentials, Target, Tls

CHECK = "files"


def check(target: Target, now: datetime) -> list[Finding]:
    """Return what is found of the target's login, authority, client certificate and key."""
    place = Place(target.name, CHECK)
    found: list[Finding] = []
    if target.credentials is not None:
        found += _credentials(target.credentials, place)
    if target.tls is None:
        found.append(
            place.warning(
                "insecure: whoever is between can read and change what the device says",
                "for anything but a lab, enable TLS on the device and take insecure out of the inventory",
            )
        )
    else:
        found += _tls(target.tls, place, now)
    return found


def _credentials(credentials: Credentials, place: Place) -> Iterator[Finding]:
    try:
        resolved(credentials)
    except InputError as error:
        yield place.error(
            str(error), "set the variable, or correct the file or the reference in the inventory"
        )
        return
    files = [
        Path(reference.removeprefix("file:"))
        for reference in (credentials.username, credentials.password)
        if reference.startswith("file:")
    ]
    exposed = [path for path in files if _open_to_all(path)]
    for path in exposed:
        yield _exposed(place, path)
    if not exposed:
        yield place.ok("user name and password are there")


def _tls(tls: Tls, place: Place, now: datetime) -> Iterator[Finding]:
    for path, what in ((tls.ca, "authority"), (tls.certificate, "client certificate")):
        if path is None:
            continue
        try:
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no PEM certificate"
            yield place.error(
                f"can't use the {what} {path}: {why}", "correct the file, or its path in the inventory"
            )
            continue
        yield gravest(validity(place, one, f"{what} {path}", now) for one in certificates)
    if tls.certificate is None or tls.key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            tls.certificate, tls.key, password=no_passphrase
        )
    except InputError as error:
        yield place.error(f"{tls.key}: {error}", "write it anew without a passphrase, as openssl pkey does")
        return
    except OSError as error:
        why = getattr(error, "reason", None) or error.strerror or str(error)
        yield place.error(
            f"certificate and key {tls.key} can't be used together: {why}",
            "give the key that belongs to the certificate, PEM",
        )
        return
    if _open_to_all(tls.key):
        yield _exposed(place, tls.key)


def _exposed(place: Place, path: Path) -> Finding:
    return place.warning(f"every user of this machine can read {path}", f"chmod o= {path}")


def _open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
