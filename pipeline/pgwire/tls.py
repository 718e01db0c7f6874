"""The server's certificate: how connections are encrypted with it, and how logins are bound to it."""

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from collectors.errors import InputError
from pipeline.pgwire.login import Tls

_WEAK: Final = (hashes.MD5, hashes.SHA1)


def load_tls(certificate: Path, key: Path) -> Tls:
    """Return TLS with the certificate (PEM, with those between it and its authority) and its key.

    Raises InputError for files that are none or don't belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
        return Tls(context, _hash(certificate.read_bytes()))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InputError(f"{certificate} and {key} are no certificate and its key: {error}") from error


def _hash(pem: bytes) -> bytes | None:
    """Return the certificate's hash as channel binding has it (RFC 5929, section 4.1).

    None where it is not defined, as for Ed25519: then logins are not bound, and are not told they could be.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    if algorithm is None:
        return None
    digest = hashes.Hash(hashes.SHA256() if isinstance(algorithm, _WEAK) else algorithm)
    digest.update(certificate.public_bytes(Encoding.DER))
    return digest.finalize()


def _no_password() -> str:
    raise ValueError("the key has a password, give one without")
