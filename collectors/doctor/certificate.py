"""TLS: whether a server's certificate is trusted, for the right name, and for how long.

Looks at the certificate itself, without a login: gRPC says no more than "handshake failed".
"""

import asyncio
import contextlib
import ssl
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from collectors.credentials import no_passphrase
from collectors.doctor.findings import Finding, Level, Place
from collectors.doctor.validity import validity
from collectors.errors import InputError
from collectors.inventory import Target, Tls

CHECK = "tls"
TIMEOUT_S: Final = 10.0
_NAMES_SHOWN: Final = 5
_NOT_TRUSTED: Final = {
    18: ("is self-signed and not trusted", "name it as tls.ca in the inventory, if it is the right one"),
    19: ("comes from an authority of its own that is not trusted", "name that authority as tls.ca"),
    20: ("comes from an authority that is not trusted", "name that authority as tls.ca"),
    21: ("comes without its chain", "name its authority as tls.ca, or install the whole chain on the device"),
}
"""OpenSSL's verification errors (X509_V_ERR_*, x509_vfy.h)."""
_OTHER_NAME: Final = (62, 64)
_TIME: Final = (9, 10)


async def check(target: Target, now: datetime) -> list[Finding]:
    """Return nothing without TLS, else one finding on the target's certificate."""
    if target.tls is None:
        return []
    place = Place(target.name, CHECK)
    try:
        context = _context(target.tls)
    except (OSError, InputError):  # files.check has told it
        return [place.unknown("not tried: a file is wrong")]
    # certificates carry names without the dot of the root; gRPC leaves it out too
    name = (target.tls.server_name or target.address).removesuffix(".")
    return [await server_certificate(place, (target.address, target.port), name, context, now)]


async def server_certificate(
    place: Place, server: tuple[str, int], name: str, context: ssl.SSLContext, now: datetime
) -> Finding:
    """Return what is wrong with a server's certificate for ``name``, or how long it is good for."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            shown = await _shown(server, name, context)
    except ssl.SSLCertVerificationError as error:
        return await _untrusted(place, server, name, error, now)
    except TimeoutError:
        return place.error(f"no TLS handshake within {TIMEOUT_S:g} s", "does this port speak TLS?")
    except (OSError, EOFError) as error:  # among them ssl.SSLError
        why = getattr(error, "reason", None) or str(error) or "the connection was closed"
        return place.error(
            f"no TLS connection: {why}",
            "does this port speak TLS? If the device asks for a client certificate, name one",
        )
    return validity(place, shown, "certificate", now)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key, password=no_passphrase)
    context.set_alpn_protocols(["h2"])
    return context


async def _shown(server: tuple[str, int], name: str, context: ssl.SSLContext) -> x509.Certificate:
    _, writer = await asyncio.open_connection(*server, ssl=context, server_hostname=name)
    try:
        raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(raw)
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # a client certificate is judged after the handshake, in TLS 1.3
            await writer.wait_closed()


async def _untrusted(
    place: Place, server: tuple[str, int], name: str, error: ssl.SSLCertVerificationError, now: datetime
) -> Finding:
    """Return why a certificate is refused; reads it again unverified, for nothing but the message."""
    code = error.verify_code
    if code in _NOT_TRUSTED:
        what, remedy = _NOT_TRUSTED[code]
        return place.error(f"the certificate {what}", remedy)
    if code not in (*_OTHER_NAME, *_TIME):
        return place.error(
            f"the certificate is refused: {error.verify_message}", "renew it, or correct tls.ca"
        )
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(TIMEOUT_S):
            shown = await _shown(server, name, unverified)
    except (OSError, EOFError):
        return place.error(f"the certificate is refused: {error.verify_message}", "renew it")
    if code in _OTHER_NAME:
        return place.error(
            f"the certificate is for {_names(shown)}, not for {name}",
            "name one of these as tls.server_name in the inventory, if this is the right device",
        )
    found = validity(place, shown, "certificate", now)
    if found.level is Level.ERROR:
        return found
    return place.error(f"a certificate of the chain is refused: {error.verify_message}", "renew it")


def _names(certificate: x509.Certificate) -> str:
    """Return the names and addresses that a certificate is for."""
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        alternative = extension.value
        assert isinstance(alternative, x509.SubjectAlternativeName)
        names = [
            *alternative.get_values_for_type(x509.DNSName),
            *(str(ip) for ip in alternative.get_values_for_type(x509.IPAddress)),
        ]
    except x509.ExtensionNotFound:
        names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return (", ".join(names[:_NAMES_SHOWN]) + more) or "no name at all"
