"""The files that ship for Alertmanager and Prometheus, judged by their own tools."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.alerts.alert import Links, firing
from pipeline.alerts.plan import ended
from tests.integration.noc import EXAMPLE, needs
from tests.pipeline.alerts.incidents import NOW, incident, known

needs("amtool", "promtool")
pytestmark = [pytest.mark.services]


def run(*command: object) -> str:
    done = subprocess.run(
        [*map(str, command)], check=False, capture_output=True, text=True, cwd=EXAMPLE, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_the_example() -> None:
    assert "SUCCESS" in run("amtool", "check-config", "alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "FabricscopeWatchdog", "severity": "none"}, "dead-mans-switch"),
        ({"alertname": "FabricscopeTest", "severity": "critical"}, "noc-chat"),
        ({"alertname": "FabricscopeSilent", "component": "fabricscope"}, "noc-pager"),
        ({"alertname": "UPLINK_LOSS", "rule": "R15", "severity": "critical"}, "noc-pager,noc-chat"),
        ({"alertname": "N_MINUS_1_FABRIC", "rule": "R16", "severity": "warning"}, "noc-chat"),
    ],
)
def test_alerts_go_where_the_example_says(labels: dict[str, str], receivers: str) -> None:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    told = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *pairs)
    assert told.strip() == receivers


def test_prometheus_takes_the_rules_and_they_do_what_their_tests_say() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", "fabricscope.rules.yml")
    assert "SUCCESS" in run("promtool", "test", "rules", "fabricscope.rules.test.yml")


def test_rules_and_inhibitions_name_what_there_is() -> None:
    rules = yaml.safe_load((EXAMPLE / "fabricscope.rules.yml").read_text())["groups"][0]["rules"]
    names = {rule["alert"] for rule in rules if "alert" in rule}
    config = yaml.safe_load((EXAMPLE / "alertmanager.yml").read_text())
    matchers = [
        matcher
        for rule in config["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    mentioned = {name for matcher in matchers for name in matcher.partition('"')[2].rstrip('"').split("|")}
    assert mentioned <= names


def rendered(tmp_path: Path, template: str, *alerts: dict[str, object]) -> str:
    data = tmp_path / "data.json"
    content = {"receiver": "noc-chat", "status": "firing", "alerts": alerts, "externalURL": "http://am"}
    data.write_text(json.dumps(content))
    text = f'{{{{ template "fabricscope.{template}" . }}}}'
    return run(
        "amtool", "template", "render", "--template.glob=fabricscope.tmpl", f"--template.text={text}",
        f"--template.data={data}",
    )  # fmt: skip


def test_a_notification_says_what_is_wrong_who_looks_at_it_and_what_to_do(tmp_path: Path) -> None:
    alert = firing(incident(acknowledged_by="maria"), Links(runbooks="https://docs/rules"), NOW)
    shown = {**alert.body(), "status": "firing"}
    assert rendered(tmp_path, "title", shown).strip() == "[warning] dc1: N_MINUS_1_FABRIC"
    text = rendered(tmp_path, "text", shown)
    assert "Leaf a runs on what is left. Acknowledged by maria. 86% of its observers can tell." in text
    assert "Since 2026-11-22 03:02:00 UTC, incident a." in text
    assert "What to do: https://docs/rules/R16.md" in text


def test_a_notification_never_calls_over_what_goes_on(tmp_path: Path) -> None:
    was = incident()
    now = incident(rule="R15", severity="critical", name="UPLINK_LOSS")
    over = ended(firing(was, Links(), NOW), known(now), {"a"}, NOW)
    text = rendered(tmp_path, "text", {**over.body(), "status": "resolved"})
    assert "N_MINUS_1_FABRIC (warning), incident a: goes on as R15 UPLINK_LOSS, critical." in text


def test_a_device_writes_no_link_and_calls_nobody_in_the_chat(tmp_path: Path) -> None:
    name = "<!channel> <http://evil.example|Approve> & co"
    shown = {**firing(incident(summary=name, acknowledged_by=name), Links(), NOW).body(), "status": "firing"}
    over = {**shown, "status": "resolved", "annotations": {"summary": name, "ended": name}}
    for text in (rendered(tmp_path, "text", shown), rendered(tmp_path, "text", over)):
        assert text.count("&lt;!channel&gt; &lt;http://evil.example|Approve&gt; &amp; co") == 2
        assert "<" not in text
