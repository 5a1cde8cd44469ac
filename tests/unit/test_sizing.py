"""What is reckoned from the declared load, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from components import loki, prometheus
from components.loki import LokiArgs
from placement import ContainerPlacement
from plan import make_plan, sizing
from settings import Settings, StackFileError
from units import size_in_bytes
from workload import Resources

PLACEMENT = ContainerPlacement(homes={}, public_urls={})


def settings(**values: Any) -> Settings:
    return Settings.model_validate({"stack": "trial", "target": "gke", **values})


def test_what_nobody_declares_changes_nothing() -> None:
    assert sizing.prometheus(settings()) == Resources("500m", "1000m", "512Mi", "1Gi")
    assert sizing.log_rate(settings()) == 4
    assert sizing.problems(settings()) == list(sizing.notices(settings())) == []


def test_memory_follows_series_and_processors_follow_samples() -> None:
    # 100 000 samples/s at 15 s are 1.5 million series of 8 KiB.
    found = sizing.prometheus(settings(load={"samplesPerSecond": 100_000}))
    assert found == Resources("2000m", "4000m", "11719Mi", "23438Mi")
    slower = settings(load={"samplesPerSecond": 100_000}, metrics={"scrapeInterval": "60s"})
    assert size_in_bytes(sizing.prometheus(slower).memory_request) == 4 * 11_719 * 2**20 - 2**20


@pytest.mark.parametrize(
    ("values", "beginning"),
    [
        (
            {"load": {"samplesPerSecond": 10_000}},
            "metrics.maxSize: 10000 samples/s, kept for 30d, take about 49Gi, and there are 8Gi; write 49Gi",
        ),
        (
            {"load": {"logGigabytesPerDay": 10}},
            "logs.storage: 10 GB of lines a day, kept for 31d, take about 58Gi",
        ),
        ({"load": {"spansPerSecond": 1000}}, "traces.storage: 1000 spans/s, kept for 3d, take about 242Gi"),
    ],
)
def test_a_volume_that_is_too_small_is_named(values: dict[str, Any], beginning: str) -> None:
    (problem,) = sizing.problems(settings(**values))
    assert problem.startswith(beginning)


def test_what_is_in_a_bucket_or_a_store_takes_no_volume() -> None:
    given = settings(
        load={"logGigabytesPerDay": 50, "spansPerSecond": 1000},
        logs={"objectStorage": {"bucket": "acme-loki"}},
        traces={"store": {"kind": "opensearch", "address": "search.example.org:9200"}},
    )
    assert sizing.problems(given) == []
    said = list(sizing.notices(given))
    assert said[0].startswith("load: 50 GB of lines a day; Loki lets 4 MB/s in")
    assert said[1] == "load: one Loki is known to take about 20 GB a day, and the profile 'single' has 1"


def test_loki_lets_the_declared_peak_in() -> None:
    given = settings(load={"logGigabytesPerDay": 200})
    args: LokiArgs = {"logs": given.logs, "rate": sizing.log_rate(given)}
    limits = loki.configuration(args, PLACEMENT, {})["limits_config"]
    assert (limits["ingestion_rate_mb"], limits["ingestion_burst_size_mb"]) == (10, 20)
    assert "ingestion_rate_mb" not in loki.configuration({"logs": given.logs}, PLACEMENT, {})["limits_config"]


def test_ingesters_hold_what_comes_until_it_is_written() -> None:
    assert sizing.loki(settings(load={"logGigabytesPerDay": 300})) == {}, "one Loki has what it has"
    # 300 GB a day are 25 GB in two hours, 5 GB compressed, and as much again around it; 3.5 MB/s.
    given = settings(profile="scale", load={"logGigabytesPerDay": 300})
    assert sizing.loki(given) == {"loki-ingester": Resources("695m", "2000m", "9537Mi", "19074Mi")}
    assert "9537Mi and 695m are reserved for each loki-ingester" in list(sizing.notices(given))[1]
    little = settings(profile="scale", load={"logGigabytesPerDay": 1})
    assert sizing.loki(little)["loki-ingester"] == Resources("500m", "2000m", "1024Mi", "2Gi")


def test_without_a_load_several_prometheus_say_how_much_they_hold() -> None:
    said = list(sizing.notices(settings(profile="ha")))
    assert len(said) == 1
    assert said[0].startswith(
        "load.samplesPerSecond: is not said; each Prometheus may use 1Gi of memory, which about 131000 series"
    )
    declared = sizing.notices(settings(profile="ha", load={"samplesPerSecond": 1000}))
    assert not any("is not said" in notice for notice in declared)


def test_the_plan_reserves_it_and_tells_every_problem_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVABILITY_SKIP_PREFLIGHT", "1")
    config = {
        "observability:target": "minikube",
        "observability:alerting": '{"receivers": [{"name": "a", "webhook": {"url": "https://a.example.org"}}]}',
        "observability:metrics": '{"maxSize": "100Gi", "storage": "120Gi"}',
        "observability:catalog": "[]",
    }
    plan = make_plan({**config, "observability:load": '{"samplesPerSecond": 20000}'}, [], "trial")
    workload = prometheus.workload(plan.prometheus, PLACEMENT)
    assert workload.resources.memory_request == "2344Mi"
    assert any(notice.startswith("load: 20000 samples/s are 300000 series") for notice in plan.notices)
    with pytest.raises(StackFileError) as caught:
        make_plan(
            {**config, "observability:load": '{"samplesPerSecond": 90000, "spansPerSecond": 900}'},
            [],
            "trial",
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "metrics.maxSize", "traces.storage",
    ]  # fmt: skip
