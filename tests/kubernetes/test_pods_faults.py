"""Kill a process, delete a pod: it comes back, and nothing that was acknowledged is lost."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.kubernetes.stack import NAMESPACE, Stack
from tests.live.conftest import get
from tests.live.test_faults import send_log, send_trace
from tests.project import until

pytestmark = pytest.mark.kubernetes


def test_a_killed_prometheus_keeps_its_samples(stack: Stack) -> None:
    asked = time.time()

    def samples() -> list[Any]:
        url, window = f"{stack.address('prometheus')}/api/v1/query_range", asked - 10
        query = 'sum(up{job="prometheus"})'
        found = get(url, query=query, start=str(window), end=str(asked), step="1")["data"]["result"]
        return list(found[0]["values"]) if found else []

    before = until(samples, seconds=30, what="samples before the kill")
    stack.kill("prometheus")
    assert until(samples, seconds=30, what="samples after the kill") == before


def test_deleted_pods_of_loki_and_jaeger_keep_what_was_acknowledged(stack: Stack) -> None:
    endpoint = stack.address("collector")
    lines, traces = [send_log(endpoint) for _ in range(5)], [send_trace(endpoint) for _ in range(5)]

    def found() -> bool:
        return all(stack.trace(trace) for trace in traces) and all(
            stack.logs(f'{{service="probe"}} |= "{line}"') for line in lines
        )

    until(found, seconds=60, what="what was sent")
    for product in ("loki", "jaeger"):
        stack.delete_pod(product)
    until(found, seconds=60, what="what was sent, after both pods were deleted")


def test_what_was_deleted_and_changed_by_hand_is_found_and_repaired(stack: Stack) -> None:
    api = stack.cluster.api
    service = api.path("v1", "Service", NAMESPACE, "jaeger")
    jaeger = api.path("apps/v1", "StatefulSet", NAMESPACE, "jaeger")
    before = api.get(jaeger)["spec"]["persistentVolumeClaimRetentionPolicy"]
    api.request("DELETE", service)
    by_hand = {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}
    api.patch(jaeger, by_hand, manager="somebody")

    update = ("up", "--yes", "--skip-preview", "--stack", stack.project.stack)
    # What is missing is made again; who has changed what is said before it is changed back.
    refused = stack.project.run(*update, "--refresh", succeeds=False)
    assert "jaeger-service created" in refused
    assert 'conflict with "somebody" using apps/v1: .spec.persistentVolumeClaimRetentionPolicy' in refused
    repaired = stack.project.run(*update, PULUMI_K8S_ENABLE_PATCH_FORCE="true")
    assert "jaeger-stateful-set updated" in repaired
    assert api.get(jaeger)["spec"]["persistentVolumeClaimRetentionPolicy"] == before
    until(lambda: get(f"{stack.address('jaeger')}/api/services"), seconds=30, what="Jaeger behind its name")
