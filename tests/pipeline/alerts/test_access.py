"""Where Alertmanagers are, and what is refused before anything is sent."""

from pathlib import Path

import pytest

from collectors.errors import InputError
from pipeline.alerts.access import Credentials, addresses
from pipeline.alerts.options import links


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    return path


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://am:9093", "http://am:9093"),
        ("http://am", "http://am:9093"),
        ("https://am", "https://am:443"),
        ("https://am/alertmanager/", "https://am:443/alertmanager"),
        ("https://am/alertmanager/api/v2/alerts", "https://am:443/alertmanager"),
        ("http://[2001:db8::1]:9093", "http://[2001:db8::1]:9093"),
    ],
)
def test_a_url_names_host_port_and_path(url: str, name: str) -> None:
    (address,) = addresses([url], Credentials())
    assert str(address) == name


@pytest.mark.parametrize(
    "url", ["am:9093", "ftp://am", "http://", "http://am?x=1", "http://am:99999999", "http://[1"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="alertmanager"):
        addresses([url], Credentials())


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as wrong:
        addresses(["am:9093", "http://good:9093", "ftp://other"], Credentials())
    assert "am:9093" in str(wrong.value)
    assert "ftp://other" in str(wrong.value)


def test_one_alertmanager_given_twice_is_one() -> None:
    assert len(addresses(["http://am:9093", "http://am:9093/"], Credentials())) == 1


def test_a_login_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError) as wrong:
        addresses(["https://maria:s3cret@am:9093"], Credentials())
    assert "s3cret" not in str(wrong.value)


def test_a_secret_in_a_query_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="https://am:9093/x") as wrong:
        addresses(["https://am:9093/x?token=s3cret"], Credentials())
    assert "s3cret" not in str(wrong.value)


@pytest.mark.parametrize("path", ["/ä", "/a b", "/a\x7fb"])
def test_a_path_that_http_does_not_carry_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="characters"):
        addresses([f"https://am:9093{path}"], Credentials())


def test_a_token_that_http_does_not_carry_is_refused_and_not_repeated(secret: Path) -> None:
    secret.write_text("s3cr\u2192t")
    with pytest.raises(InputError, match="no bearer token") as wrong:
        Credentials(token_file=secret)
    assert "s3cr" not in str(wrong.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_login_goes_in_clear_text_within_this_machine_only(host: str, secret: Path) -> None:
    login = Credentials(user="maria", password_file=secret)
    assert addresses([f"http://{host}:9093"], login)
    with pytest.raises(InputError, match="https"):
        addresses(["http://am:9093"], login)


def test_secrets_are_read_from_their_files_each_time(secret: Path) -> None:
    basic, bearer = Credentials(user="maria", password_file=secret), Credentials(token_file=secret)
    assert basic.headers() == {"Authorization": "Basic bWFyaWE6czNjcmV0"}
    secret.write_text("another")
    assert bearer.headers() == {"Authorization": "Bearer another"}


def test_no_secret_is_in_a_repr(secret: Path) -> None:
    assert "s3cret" not in repr(Credentials(user="maria", password_file=secret))


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff", b"x" * 5_000])
def test_what_is_no_secret_is_refused_and_not_repeated(secret: Path, content: bytes) -> None:
    secret.write_bytes(content)
    with pytest.raises(InputError, match=str(secret)) as wrong:
        Credentials(token_file=secret)
    assert "lines" not in str(wrong.value)


def test_parts_of_a_login_must_fit(secret: Path) -> None:
    with pytest.raises(InputError, match="both"):
        Credentials(user="maria")
    with pytest.raises(InputError, match="not both"):
        Credentials(user="maria", password_file=secret, token_file=secret)
    with pytest.raises(InputError, match="can't send"):
        Credentials(user="ma:ria", password_file=secret)


def test_links_are_urls_without_logins() -> None:
    assert links(runbooks="https://docs/rules", dashboard=None).runbooks == "https://docs/rules"
    with pytest.raises(InputError, match="--dashboard-url"):
        links(runbooks=None, dashboard="grafana/d/1")
    with pytest.raises(InputError) as wrong:
        links(runbooks="https://maria:s3cret@docs", dashboard=None)
    assert "s3cret" not in str(wrong.value)
