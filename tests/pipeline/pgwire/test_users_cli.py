from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.errors import InputError
from pipeline.pgwire.users import UsersFile, load_users
from pipeline.pgwire.users_cli import app

SECRET = "correct horse"


def run(*arguments: object, typed: str | None = None) -> str:
    done = CliRunner().invoke(app, [str(it) for it in arguments], input=typed)
    if done.exception is not None:
        raise done.exception
    return done.output


def test_users_are_kept_and_their_passwords_are_not(tmp_path: Path) -> None:
    users, password = tmp_path / "users", tmp_path / "password"
    password.write_text(f"{SECRET}\n")
    said = run("add", "noc", "--users", users, "--password-file", password)
    said += run("add", "lab", "--users", users, "--fabric", "dc2", "--fabric", "dc1", typed=f"{SECRET}\n" * 2)
    known = UsersFile(users)
    assert {name: user.fabrics for name, user in known().items()} == {"noc": None, "lab": ("dc1", "dc2")}
    assert users.stat().st_mode & 0o777 == 0o600
    said += run("list", "--users", users) + run("remove", "lab", "--users", users)
    assert list(known()) == ["noc"]
    assert SECRET not in said + users.read_text()


def test_what_does_no_good_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    users, password = tmp_path / "users", tmp_path / "password"
    password.write_text(SECRET)
    run("add", "noc", "--users", users, "--password-file", password)
    before = load_users(users)
    with pytest.raises(InputError, match="last user"):
        run("remove", "noc", "--users", users)
    with pytest.raises(InputError, match="has no user"):
        run("remove", "anna", "--users", users)
    with pytest.raises(InputError, match="one word"):
        run("add", "a b", "--users", users, "--password-file", password)
    password.write_text("short")
    with pytest.raises(InputError, match="fewest are 8"):
        run("add", "anna", "--users", users, "--password-file", password)
    assert load_users(users) == before
