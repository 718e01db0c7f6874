from pathlib import Path

import pytest
import trustme

from collectors.errors import InputError
from pipeline.pgwire.limits import Limits
from pipeline.pgwire.options import access


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("localhost")
    paths = tmp_path / "server.pem", tmp_path / "server.key"
    issued.cert_chain_pems[0].write_to_path(paths[0])
    issued.private_key_pem.write_to_path(paths[1])
    return paths


@pytest.mark.parametrize(
    ("listen", "host"),
    [("0.0.0.0:5432", "0.0.0.0"), ("[::]:5432", "::"), ("sql.example.net:5432", "sql.example.net")],
)
def test_with_a_certificate_all_addresses_do(listen: str, host: str, files: tuple[Path, Path]) -> None:
    found = access(listen, cert=files[0], key=files[1], users=Path("users"), plaintext=False, limits=Limits())
    assert found is not None
    assert (found.host, found.port) == (host, 5432)
    assert found.tls is not None
    assert len(found.tls.certificate_hash or b"") == 32


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0", "127.0.0.9:65535"])
def test_plaintext_is_for_ones_own_machine(listen: str) -> None:
    found = access(listen, cert=None, key=None, users=Path("users"), plaintext=True, limits=Limits())
    assert found is not None
    assert found.tls is None


@pytest.mark.parametrize(
    ("listen", "given", "said"),
    [
        ("0.0.0.0:1", {"plaintext": True}, "of this machine alone"),
        ("128.0.0.1:1", {"plaintext": True}, "of this machine alone"),
        ("[::]:1", {"plaintext": True}, "of this machine alone"),
        ("localhost.example.net:1", {"plaintext": True}, "of this machine alone"),
        ("127.0.0.1:1", {}, "--pg-cert and --pg-key"),
        ("127.0.0.1:1", {"cert": Path("server.pem")}, "--pg-cert and --pg-key"),
        ("127.0.0.1:1", {"cert": Path("server.pem"), "plaintext": True}, "contradict"),
        ("127.0.0.1:1", {"cert": Path("/dev/null"), "key": Path("/dev/null")}, "no certificate and its key"),
        ("127.0.0.1:1", {"users": None, "plaintext": True}, "--pg-users"),
        ("127.0.0.1", {"plaintext": True}, "no HOST:PORT"),
        ("127.0.0.1:65536", {"plaintext": True}, "no HOST:PORT"),
        (":5432", {"plaintext": True}, "no HOST:PORT"),
        (None, {}, "without --pg-listen"),
    ],
)
def test_what_would_be_open_or_unclear_is_bad_input(
    listen: str | None, given: dict[str, Path], said: str
) -> None:
    options = {"cert": None, "key": None, "users": Path("users"), "plaintext": False, **given}
    with pytest.raises(InputError, match=said):
        access(listen, **options, limits=Limits())  # type: ignore[arg-type]  # of several types


def test_nothing_is_served_unless_it_is_said() -> None:
    assert access(None, cert=None, key=None, users=None, plaintext=False, limits=Limits()) is None
