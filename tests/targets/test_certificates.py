import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from targets.certificates import Authority

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", NOW)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_authority_keeps_its_key_to_itself(authority: Authority, tmp_path: Path) -> None:
    assert [path.name for path in (tmp_path / "ca").iterdir()] == ["ca.pem"]
    own = read(authority.certificate)
    constraints = own.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)


def test_a_certificate_is_for_the_names_it_was_asked_for(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("leaf1", ["leaf1.example", "127.0.0.1", "::1"], tmp_path)
    found = read(issued.certificate)
    found.verify_directly_issued_by(read(authority.certificate))
    sans = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sans.get_values_for_type(x509.DNSName) == ["leaf1.example"]
    assert [str(it) for it in sans.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("sans", "usage"),
    [(["leaf1.example"], ExtendedKeyUsageOID.SERVER_AUTH), ([], ExtendedKeyUsageOID.CLIENT_AUTH)],
)
def test_a_certificate_is_for_a_server_or_for_a_client(
    sans: list[str], usage: x509.ObjectIdentifier, authority: Authority, tmp_path: Path
) -> None:
    found = read(authority.issue("it", sans, tmp_path).certificate)
    assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]


def test_a_certificate_fits_its_key_which_its_owner_alone_reads(authority: Authority, tmp_path: Path) -> None:
    for _ in range(2):  # the second replaces the first
        issued = authority.issue("leaf1", [], tmp_path / "new")
        key = load_pem_private_key(issued.key.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert key.public_key() == read(issued.certificate).public_key()
        assert stat.S_IMODE(issued.key.stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["leaf1.key", "leaf1.pem"]


def test_a_certificate_ends_with_its_authority_or_when_it_is_told_to(
    authority: Authority, tmp_path: Path
) -> None:
    own = read(authority.certificate)
    usual = read(authority.issue("usual", [], tmp_path).certificate)
    assert (usual.not_valid_before_utc, usual.not_valid_after_utc) == (
        own.not_valid_before_utc,
        own.not_valid_after_utc,
    )
    assert own.not_valid_before_utc < NOW < own.not_valid_after_utc
    expired = read(authority.issue("old", [], tmp_path, not_after=NOW - timedelta(days=9)).certificate)
    assert expired.not_valid_before_utc < expired.not_valid_after_utc == NOW - timedelta(days=9)
