"""What the Kubernetes runtime says of a stack file, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

import profiles
from plan import checks, make_plan
from runtimes import UnsupportedError, refuse_sidecars
from runtimes.kubernetes import KubernetesRuntime
from runtimes.kubernetes.storage import claimed_size
from settings import Settings, StackFileError
from targets import TARGETS
from versions import PROMETHEUS
from workload import HostPath, Probe, Resources, Volume, Workload

pytestmark = pytest.mark.graph


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the stack file only; what the cluster itself says has tests of its own."""
    monkeypatch.setenv("OBSERVABILITY_SKIP_PREFLIGHT", "1")


@pytest.mark.parametrize(
    ("size", "target", "claimed"),
    [
        ("10Gi", "oke", "50Gi"),
        ("60Gi", "oke", "60Gi"),
        ("51200Mi", "oke", "51200Mi"),
        ("512Mi", "gke", "10Gi"),
        ("2Gi", "aks", "2Gi"),
    ],
)
def test_small_volumes_are_rounded_up(size: str, target: str, claimed: str) -> None:
    assert claimed_size(size, TARGETS[target]) == claimed


RECEIVER = {"receivers": [{"name": "team", "webhook": {"url": "https://alerts.example.org/hook"}}]}


def runtime(target: str, **values: Any) -> KubernetesRuntime:
    given = {"alerting": RECEIVER, "kubernetes": {"host": "observability.example.org"}, **values}
    return KubernetesRuntime(
        TARGETS[target], Settings.model_validate({"stack": "trial", "target": target, **given})
    )


@pytest.mark.parametrize("target", ["minikube", "oke", "aks", "gke"])
def test_a_sound_stack_file_has_no_problems(target: str) -> None:
    assert runtime(target).problems([]) == []


@pytest.mark.parametrize(
    ("target", "values", "beginning"),
    [
        ("gke", {"kubernetes": {}}, "kubernetes.host: is required on target 'gke'"),
        (
            "minikube",
            {"kubernetes": {"published": ["loki"]}},
            "kubernetes.published: target 'minikube' has no",
        ),
        ("minikube", {"alerting": {}}, "alerting.receivers: is empty: alerts would go nowhere"),
        ("gke", {"stack": "x-"}, "stack: 'x-' is part of the labels of every object"),
        ("gke", {"stack": "x" * 64}, f"stack: '{'x' * 64}' is part of the labels of every object"),
        (
            "gke",
            {"kubernetes": {"host": "o.example.org", "replace": ["collector", "lokii"]}},
            "kubernetes.replace: the stack has no StatefulSet 'lokii'; use one of alertmanager, collector,",
        ),
        (
            "gke",
            {"kubernetes": {"host": "o.example.org", "published": ["collector"]}, "spokes": ["edge"]},
            "spokes: have nowhere to send to; add prometheus to kubernetes.published",
        ),
        (
            "oke",
            {"kubernetes": {"host": "o.example.org", "ingressClass": "gce"}},
            "kubernetes.ingressClass: 'gce' is Google's, and target 'oke' has another",
        ),
        (
            "aks",
            {"kubernetes": {"host": "o.example.org", "gatewayClass": "gke-l7-global-external-managed"}},
            "kubernetes.gatewayClass: 'gke-l7-global-external-managed' is Google's, and target 'aks' has",
        ),
        (
            "gke",
            {"metrics": {"storage": "40Gi", "maxSize": "40Gi"}},
            "metrics.maxSize: 40Gi leave too little of a volume of 40Gi for what is not yet in blocks; write",
        ),
        (
            "minikube",
            {"logs": {"objectStorage": {"bucket": "acme", "endpoint": "127.0.0.1:9000"}}},
            "logs.objectStorage.endpoint: 127.0.0.1:9000 leads a pod to itself",
        ),
        (
            "minikube",
            {"dashboards": {"database": {"address": "localhost:5432"}}},
            "dashboards.database.address: localhost:5432 leads a pod to itself",
        ),
        (
            "minikube",
            {"alerting": {"receivers": [{"name": "a", "webhook": {"url": "http://[::1]:5001/hook"}}]}},
            "alerting.receivers.0.webhook.url: http://[::1]:5001/hook leads a pod to itself",
        ),
    ],
)
def test_problems_name_the_setting_and_what_to_do(
    target: str, values: dict[str, Any], beginning: str
) -> None:
    (problem,) = runtime(target, **values).problems([])
    assert problem.startswith(beginning)


def test_a_host_is_not_needed_where_nothing_is_exposed() -> None:
    assert runtime("minikube", kubernetes={}).problems([]) == []


def test_limits_of_a_target_are_said() -> None:
    notices = "\n".join(runtime("oke", metrics={"storage": "20Gi"}, logs={"storage": "60Gi"}).notices())
    assert "metrics.storage: 20Gi becomes 50Gi" in notices
    assert "logs.storage" not in notices
    assert "does not enforce" in notices
    assert runtime("gke", dashboards={"storage": "10Gi"}).notices() == ()
    assert runtime("gke", dashboards={"database": {"address": "10.20.0.5:5432"}}).notices() == ()
    for setting in ({"portOffset": 100}, {"ports": {"grafana-http": 3001}}, {"dataDirectory": "data"}):
        (notice,) = runtime("gke", dashboards={"storage": "10Gi"}, **setting).notices()
        assert notice.startswith(f"{next(iter(setting))}: is not used on target 'gke'")
    assert any(
        line.startswith("kubernetes.host: is not used on target 'minikube' without a")
        for line in runtime("minikube").notices()
    )
    assert any(
        "kubectl port-forward --namespace observability service/grafana 3000" in line
        for line in runtime("minikube").notices()
    )


def test_what_leads_to_a_machine_outside_is_taken() -> None:
    values = {
        "metrics": {"storage": "10Gi", "maxSize": "8Gi"},  # of a volume of 50 Gi
        "dashboards": {"database": {"address": "127.example.org:5432"}},
        "traces": {
            "store": {"kind": "opensearch", "address": "localhost.example.org:9200"},
            "queue": {"brokers": ["k:9092"]},
        },
    }
    assert runtime("oke", **values).problems([]) == []


@pytest.mark.parametrize(
    ("target", "values", "expected"),
    [
        ("gke", {}, ()),
        ("gke", {"docker": {"discovery": False}}, ("docker: is not used on target 'gke'",)),
        ("docker", {"kubernetes": {"namespace": "x"}}, ("kubernetes: is not used on target 'docker'",)),
        ("docker", {"images": {"digests": False}}, ()),
        ("process", {"images": {"digests": False}}, ("images: is not used on target 'process'",)),
    ],
)
def test_sections_for_another_kind_of_target_are_said(
    target: str, values: dict[str, Any], expected: tuple[str, ...]
) -> None:
    settings = Settings.model_validate({"stack": "trial", "target": target, **values})
    assert checks.unused(settings, TARGETS[target]) == expected


BUCKET = {"objectStorage": {"bucket": "acme"}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"logs": BUCKET, "metrics": {"objectStorage": {"bucket": "acme-metrics"}}}, []),
        (
            {"logs": BUCKET, "metrics": BUCKET},
            ["metrics.objectStorage.bucket: 'acme' holds the log lines as well; give each its own"],
        ),
        ({"hub": {"stack": "organization/observability/central"}}, []),
        (
            {"hub": {"stack": "organization/observability/trial"}},
            ["hub.stack: 'organization/observability/trial' is this stack itself; name another one"],
        ),
    ],
)
def test_what_contradicts_itself_is_said(values: dict[str, Any], expected: list[str]) -> None:
    settings = Settings.model_validate({"stack": "trial", "target": "gke", **values})
    assert checks.problems(settings, TARGETS["gke"], (), ("blackbox-exporter",), ()) == expected


def test_a_missing_secret_hides_nothing_else() -> None:
    kubernetes = {"host": "o.example.org", "replace": ["lokii"]}
    config = {
        "observability:target": "gke",
        "observability:profile": "ha",
        "observability:kubernetes": json.dumps(kubernetes),
        "observability:catalog": "[]",
        "observability:alerting": json.dumps(
            {"receivers": [{"name": "chat", "slack": {"channel": "#alerts"}}]}
        ),
    }
    with pytest.raises(StackFileError) as raised:
        make_plan(config, [], "trial")
    assert [problem.partition(":")[0] for problem in raised.value.problems] == [
        "slackApiUrl",
        "kubernetes.replace",
        "profile",
        "profile",
    ]


def trial(**values: Any) -> Workload:
    return Workload(
        name="trial",
        image=PROMETHEUS,
        arguments=(),
        ports=(),
        probe=Probe("http", "/"),
        resources=Resources("1", "1", "1Mi", "1Mi"),
        **values,
    )


WITH_A_VOLUME, OF_ANOTHER_USER = trial(volume=Volume("1Gi")), trial(user=0)


@pytest.mark.parametrize("target", ["process", "docker"])
def test_only_pods_have_sidecars(target: str) -> None:
    with pytest.raises(UnsupportedError, match=f"trial: sidecars cannot be honoured on target '{target}'"):
        refuse_sidecars(trial(sidecars=(trial(),)), target)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host_paths": (HostPath("/", "/host"),)}, "host_paths"),
        ({"per_node": True, "volume": Volume("1Gi")}, "volume"),
        ({"sidecars": (WITH_A_VOLUME,)}, "sidecars"),
        ({"sidecars": (OF_ANOTHER_USER,)}, "sidecars"),
    ],
)
def test_what_a_cluster_cannot_honour_is_refused(values: dict[str, Any], field: str) -> None:
    workload = trial(**values)
    parent: Any = None
    with pytest.raises(UnsupportedError, match=rf"trial: {field} cannot be honoured on target 'gke'"):
        runtime("gke").deploy(workload, parent)


@pytest.mark.parametrize(
    ("target", "values", "expected"),
    [
        ("gke", {}, []),
        ("process", {"profile": "ha"}, ["profile: 'ha' takes a cluster; on target 'process' use single"]),
        (
            "gke",
            {"profile": "ha", "logs": {"objectStorage": {"bucket": "acme-loki"}}},
            ["profile: 'ha' runs several Grafana, which need a database to share: set dashboards.database"],
        ),
        (
            "gke",
            {"profile": "ha", "dashboards": {"database": {"address": "10.20.0.5:5432"}}},
            ["profile: 'ha' runs several Loki, which need object storage: set logs.objectStorage"],
        ),
        (
            "gke",
            {"profile": "scale"},
            [
                "profile: 'scale' runs several Loki, which need object storage: set logs.objectStorage",
                (
                    "profile: 'scale' runs several Grafana, which need a database to share: "
                    "set dashboards.database"
                ),
                "profile: 'scale' keeps samples in a bucket: set metrics.objectStorage",
                "profile: 'scale' keeps traces in OpenSearch or ClickHouse: set traces.store",
                "profile: 'scale' takes traces in by Kafka: set traces.queue",
            ],
        ),
    ],
)
def test_a_profile_says_what_it_takes(target: str, values: dict[str, Any], expected: list[str]) -> None:
    settings = Settings.model_validate({"stack": "trial", "target": target, **values})
    assert profiles.problems(settings, TARGETS[target]) == expected
