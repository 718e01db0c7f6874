import os
from pathlib import Path

import pytest

from collectors.errors import InputError
from pipeline.pgwire.scram import make_verifier
from pipeline.pgwire.users import User, load_users

ANNA = make_verifier("pencil", b"salt of 16 bytes")
GRAFANA = make_verifier("other", b"salt of 16 bytes", 10_000)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_users_are_read_by_name(tmp_path: Path) -> None:
    text = f"# who may ask\n\nanna {ANNA}\n  grafana\t{GRAFANA}  \n"
    assert load_users(written(tmp_path / "users", text)) == {
        "anna": User(ANNA),
        "grafana": User(GRAFANA),
    }


def test_a_user_may_be_limited_to_fabrics(tmp_path: Path) -> None:
    text = f"anna {ANNA} fabrics=lab,dc1,lab\n"
    users = load_users(written(tmp_path / "users", text))
    assert users == {"anna": User(ANNA, ("dc1", "lab"))}
    assert str(users["anna"]) == f"{ANNA} fabrics=dc1,lab"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "users", f"anna {ANNA}\n", mode)
    with pytest.raises(InputError, match=rf"mode {mode:04o}.*chmod 600"):
        load_users(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    assert list(load_users(written(tmp_path / "users", f"anna {ANNA}\n", mode))) == ["anna"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna\n", "line 1: give a name and a verifier"),
        (f"anna {ANNA} lab\n", "line 1: give a name and a verifier"),
        (f"anna {ANNA} fabrics=\n", "line 1: name a fabric after fabrics="),
        (f"anna {ANNA} fabrics=a b\n", "line 1: give a name and a verifier"),
        (f"\nanna {ANNA}\nanna {GRAFANA}\n", "line 3: the user anna is there twice"),
        ("anna pencil\n", "line 1: this is no SCRAM verifier"),
        ("anna md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "line 1: this is no SCRAM verifier"),
        (f"anna {str(ANNA).replace('4096', '4095')}\n", "4095 iterations, the fewest are 4096"),
        (f"anna {str(ANNA)[:-4]}\n", "line 1: this is no SCRAM verifier"),
        ("# nobody\n", "names no user"),
    ],
)
def test_a_line_that_is_no_user_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        load_users(written(tmp_path / "users", text))
    assert "pencil" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        load_users(tmp_path / "nowhere")
    with pytest.raises(InputError, match="can't be read"):
        load_users(tmp_path)
    with pytest.raises(InputError, match="is no file"):
        load_users(Path(os.devnull))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(InputError, match="can't be read"):
        load_users(path)
