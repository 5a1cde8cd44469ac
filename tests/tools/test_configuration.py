"""Every generated configuration is accepted by the program that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from components import alertmanager, blackbox_exporter
from components.alertmanager import AlertmanagerArgs
from components.collector import CollectorArgs
from components.collector import configuration as collector_configuration
from components.collector import workload as collector
from components.hub import AUTHORIZATION, PASSWORD, Intake
from components.jaeger import workload as jaeger
from components.loki import workload as loki
from components.prometheus import PrometheusArgs
from components.prometheus import configuration as prometheus_configuration
from components.prometheus import workload as prometheus
from mixins.model import Links
from placement import ContainerPlacement, Placement
from plan import Plan, make_plan
from rendering import to_yaml
from runtimes.process import LoopbackPlacement
from settings import Alerting, Settings
from tests.project import load
from workload import Workload

RECEIVERS = [
    {"name": "oncall", "pagerduty": {}},
    {"name": "chat", "slack": {"channel": "#alerts"}},
    {"name": "shop-team", "webhook": {"url": "https://hooks.example.org/shop"}},
    {
        "name": "mail",
        "email": {"to": "a@example.org", "sender": "b@example.org", "smarthost": "smtp:587", "username": "u"},
    },
    {"name": "both", "teams": {}, "opsgenie": {"apiUrl": "https://api.eu.opsgenie.com/"}},
]
ROUTES = [
    {"match": {"service": "shop"}, "receiver": "shop-team"},
    {"match": {"severity": "critical"}, "receiver": "oncall", "groupWait": "10s"},
    {"match": {"severity": "info"}, "receiver": "mail", "muteTimeIntervals": ["holidays"]},
]
HOLIDAYS = {"months": ["july:august"], "daysOfMonth": ["1:5", "-3:-1"], "weekdays": ["monday:friday"]}
ALERTING = Alerting.model_validate(
    {
        "receivers": RECEIVERS,
        "routes": ROUTES,
        "defaultReceiver": "chat",
        "timeIntervals": [{"name": "holidays", "periods": [{**HOLIDAYS, "location": "Europe/Berlin"}]}],
        "inhibitions": [{"sourceMatchers": ['a="b"'], "targetMatchers": ['c!~"d|e"'], "equal": ["zone"]}],
        "deadMansSwitch": {"urlSecret": "watchdogUrl"},
    }
)

CONTAINERS = """\
metrics: {port: 8080, containers: {org.example/part: 'a "b".c'}}
logs: {files: [shop.log]}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A local stack whose files are where the tests put them."""
    return load(
        {"observability:target": "process", "observability:dataDirectory": str(tmp_path)}, [], "local"
    )


@pytest.fixture(params=["process", "containers"])
def placement(request: pytest.FixtureRequest, settings: Settings) -> Placement:
    """How configuration is rendered for processes and for containers."""
    if request.param == "process":
        return LoopbackPlacement(settings)
    return ContainerPlacement(homes={"grafana": "/usr/share/grafana"}, public_urls={})


def written(workload: Workload, folder: Path) -> Path:
    """Write a workload's files; return their folder."""
    for name, text in workload.files.items():
        assert isinstance(text, str)
        file = folder / workload.name / "config" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / workload.name / "config"


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> object:
    """A plan of the local stack, wherever its ports are in use."""
    monkeypatch.setattr("runtimes.process.taken_ports", lambda *_, **__: {})
    return make_plan({"observability:target": "process"}, [], "local")


def test_prometheus_accepts_its_configuration_and_rules(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, plan: object
) -> None:
    folder = written(prometheus(plan.prometheus, placement), tmp_path)  # type: ignore[attr-defined]
    main = folder / "prometheus.yaml"
    main.write_text(main.read_text().replace(placement.config("prometheus"), str(folder)))
    output = tool("promtool", "check", "config", "--lint=all", str(main))
    assert "rule files found" in output
    assert "FAILED" not in output


def test_what_goes_to_a_hub_and_comes_from_spokes_is_accepted(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, plan: Plan
) -> None:
    hub = Intake("https://prometheus.example.org/api/v1/write", "https://collector.example.org", "push")
    main = tmp_path / "prometheus.yaml"
    given: PrometheusArgs = {**plan.prometheus, "spokes": ["edge"]}
    text = to_yaml(prometheus_configuration(given, placement, hub))
    secret = tmp_path / "secret"
    secret.write_text("Basic cHVzaDpwYXNzd29yZA==")
    main.write_text(text.replace(placement.secret("prometheus", PASSWORD), str(secret)))
    assert "FAILED" not in tool("promtool", "check", "config", str(main))
    collecting: CollectorArgs = {**plan.collector, "spokes": ["edge"]}
    text = to_yaml(collector_configuration(collecting, placement, hub))
    file = tmp_path / "collector.yaml"
    file.write_text(text.replace(placement.secret("collector", AUTHORIZATION), str(secret)))
    tool("otelcol", "validate", f"--config={file}")


def test_alertmanager_accepts_its_configuration(
    tmp_path: Path, tool: Callable[..., str], placement: Placement
) -> None:
    args: AlertmanagerArgs = {"alerting": ALERTING, "secrets": {}, "links": Links()}
    folder = written(alertmanager.workload(args, placement), tmp_path)
    main = folder / "alertmanager.yaml"
    main.write_text(main.read_text().replace(placement.config("alertmanager"), str(folder)))
    found = tool("amtool", "check-config", str(main))
    assert " - 1 templates" in found
    assert f" - {len(RECEIVERS) + 2} receivers" in found


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=Watchdog severity=none", "journal,dead-mans-switch"),
        ("alertname=HighErrorRate severity=critical service=cart", "journal,oncall"),
        ("alertname=HighErrorRate severity=critical service=shop", "journal,shop-team"),
        ("alertname=HighResponseTime severity=warning service=cart", "journal,chat"),
        ("alertname=Something severity=info", "journal,mail"),
    ],
)
def test_every_alert_reaches_the_receiver_it_should(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, labels: str, receivers: str
) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(to_yaml(alertmanager.configuration(ALERTING, placement)))
    tool(
        "amtool",
        "config",
        "routes",
        "test",
        f"--config.file={file}",
        f"--verify.receivers={receivers}",
        *labels.split(),
    )


def test_without_receivers_alerts_stay_in_the_journal(
    tmp_path: Path, tool: Callable[..., str], placement: Placement
) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(to_yaml(alertmanager.configuration(Alerting(), placement)))
    tool(
        "amtool",
        "config",
        "routes",
        "test",
        f"--config.file={file}",
        "--verify.receivers=journal",
        "alertname=A",
        "severity=critical",
    )


def test_loki_accepts_its_configuration(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, settings: Settings
) -> None:
    folder = written(loki({"logs": settings.logs}, placement), tmp_path)
    tool("loki", "-verify-config", f"-config.file={folder}/loki.yaml")


def test_jaeger_accepts_its_configuration(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, settings: Settings
) -> None:
    folder = written(jaeger({"traces": settings.traces}, placement), tmp_path)
    tool("jaeger", "validate", f"--config={folder}/jaeger.yaml")


def test_the_collector_accepts_its_configuration(
    tmp_path: Path, tool: Callable[..., str], placement: Placement, plan: object
) -> None:
    folder = written(collector(plan.collector, placement), tmp_path)  # type: ignore[attr-defined]
    tool("otelcol", "validate", f"--config={folder}/collector.yaml")


def test_blackbox_exporter_accepts_its_configuration(tmp_path: Path, tool: Callable[..., str]) -> None:
    workload = blackbox_exporter.workload(ContainerPlacement(homes={}, public_urls={}))
    folder = written(workload, tmp_path)
    tool("blackbox_exporter", "--config.check", f"--config.file={folder}/blackbox.yaml")


def test_prometheus_accepts_what_it_finds_on_an_engine(
    tmp_path: Path, tool: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSERVABILITY_SKIP_PREFLIGHT", "1")
    (tmp_path / "shop.yaml").write_text(
        "service: shop\nteam: t\nprobes: ['https://shop.example.org/']\n" + CONTAINERS
    )
    catalog = f'["{tmp_path}"]'
    plan = make_plan({"observability:target": "docker", "observability:catalog": catalog}, [], "dev")
    placement = plan.runtime.placement
    folder = written(prometheus(plan.prometheus, placement), tmp_path)
    main = folder / "prometheus.yaml"
    main.write_text(main.read_text().replace(placement.config("prometheus"), str(folder)))
    output = tool("promtool", "check", "config", "--lint=all", str(main))
    assert "FAILED" not in output
    tool(
        "otelcol",
        "validate",
        f"--config={written(collector(plan.collector, placement), tmp_path)}/collector.yaml",
    )
    jobs = {job.name for job in plan.prometheus["jobs"]}
    assert {"shop", "probe", "containers", "cadvisor", "blackbox", "engine-proxy"} <= jobs
    assert {"containers", "blackbox", "http"} <= {mixin.name for mixin in plan.prometheus["mixins"]}
