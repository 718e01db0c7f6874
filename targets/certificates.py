"""A private certificate authority: certificates for simulated targets, their clients and demonstrations."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID: Final = timedelta(days=30)
_BEFORE: Final = timedelta(days=1)
"""Certificates begin in the past: clocks differ."""
_SIGNS: Final = {"key_cert_sign": True, "crl_sign": True, "digital_signature": False}
_TALKS: Final = {"key_cert_sign": False, "crl_sign": False, "digital_signature": True}


@dataclass(frozen=True, slots=True)
class Issued:
    """Files of one certificate, in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """An authority; its own certificate, ``ca.pem``, is what clients trust."""

    certificate: Path
    _issuer: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path, now: datetime, *, name: str = "fabricscope private CA") -> "Authority":
        """Make a new authority whose certificate is written to ``folder``; its key is kept in memory only."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        certificate = (
            _builder(subject, subject, key, now - _BEFORE, now + _VALID)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(_SIGNS), critical=True)
            .sign(key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "ca.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(path, certificate, key)

    def issue(
        self, name: str, sans: Sequence[str], folder: Path, *, not_after: datetime | None = None
    ) -> Issued:
        """Write ``<name>.pem`` and ``<name>.key`` (mode 0600): a certificate for a server, or for a client.

        Which one follows from the names: a server has some that clients dial, a client has none. A server's
        certificate doesn't make a client, so who takes one from a device can't ask another device with it.

        Args:
            name: its common name and that of the files.
            sans: DNS names and IP addresses the server is for; empty for a client.
            folder: where the files go.
            not_after: end of validity; None: that of the authority. A time in the past is for tests.
        """
        end = not_after or self._issuer.not_valid_after_utc
        start = min(self._issuer.not_valid_before_utc, end - _BEFORE)
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if sans else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(_name(name), self._issuer.subject, key, start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(_TALKS), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_san, sans)), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        folder.mkdir(parents=True, exist_ok=True)
        files = Issued(folder / f"{name}.pem", folder / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(files.key, key)
        return files


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start.astimezone(UTC))
        .not_valid_after(end.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(given: dict[str, bool]) -> x509.KeyUsage:
    return x509.KeyUsage(
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
        **given,
    )


def _san(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)  # the mode below is that of a new file
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
        file.write(content)
