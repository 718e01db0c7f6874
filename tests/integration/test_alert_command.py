"""``fabricscope alert test`` against Debian's Alertmanager."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.broker import free_port
from tests.integration.noc import AlertmanagerProcess, Receiver, alertmanager, needs, receiver, until
from tests.integration.test_commands import command, ended

needs("prometheus-alertmanager")
pytestmark = [pytest.mark.services]


@pytest.fixture
def people() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def there(people: Receiver, tmp_path: Path) -> Iterator[AlertmanagerProcess]:
    with alertmanager(tmp_path / "am", people) as made:
        yield made


def test_a_test_alert_is_notified_and_resolves(there: AlertmanagerProcess, people: Receiver) -> None:
    done = ended("alert", "test", "--hold", 3, "--fabric", "dc1", FABRICSCOPE_ALERTMANAGER=there.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{there.url}: took the alert; it goes to noc-chat.",
        "It fires for 3 s: long enough if group_wait is shorter.",
        f"{there.url}: took the end of the alert.",
    ]
    until(lambda: people.told("resolved", alertname="FabricscopeTest", fabric="dc1"), "resolved")
    assert [who for who, _ in people.told("firing", alertname="FabricscopeTest")] == ["noc-chat"]


def test_one_that_is_away_is_named_and_the_others_are_told(there: AlertmanagerProcess) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    done = ended("alert", "test", "--hold", 0, "--alertmanager", away, "--alertmanager", there.url)
    assert done.returncode == 1
    assert f"{away}: NOT TOLD" in done.stdout
    assert f"{there.url}: took the end of the alert." in done.stdout
    assert "1 of 2 Alertmanagers" in done.stderr


def test_a_silence_is_said(there: AlertmanagerProcess) -> None:
    silence = ["amtool", "silence", "add", "alertname=FabricscopeTest", "--comment=quiet", "--author=maria"]
    subprocess.run([*silence, f"--alertmanager.url={there.url}"], check=True, capture_output=True, timeout=30)
    done = ended("alert", "test", "--hold", 0, "--alertmanager", there.url)
    assert "it goes to noc-chat, but is silenced." in done.stdout


def test_an_interruption_resolves_the_alert_early(there: AlertmanagerProcess) -> None:
    arguments = command("alert", "test", "--hold", 200, "--alertmanager", there.url)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: there.alerts(alertname="FabricscopeTest"), "it fires")
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "took the end of the alert." in said
    assert "interrupted" in errors
    assert there.alerts(alertname="FabricscopeTest") == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "no --alertmanager"),
        (("--alertmanager", "am:9093"), "no http"),
        (("--alertmanager", "http://maria:s3cret@am:9093"), "has a login in it"),
        (("--alertmanager", "http://am:9093", "--alertmanager-token-file", "{secret}"), "use https"),
        (("--alertmanager", "http://am:9093", "--severity", "loud"), "none of critical"),
        (("--alertmanager", "http://am:9093", "--fabric", 'dc"1'), "fabric name"),
    ],
)
def test_what_can_not_be_used_is_bad_input_and_secrets_are_not_repeated(
    options: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    done = ended("alert", "test", *(option.replace("{secret}", str(secret)) for option in options))
    assert done.returncode == 2
    assert reason in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
