"""What starts before what: a product waits for those it needs."""

from __future__ import annotations

import pulumi

from workload import Workload


class Order:
    """The resources that stand for products that run, in the order of their deployment."""

    def __init__(self) -> None:
        self._running: dict[str, pulumi.Resource] = {}

    def before(self, workload: Workload) -> list[pulumi.Resource]:
        """Return what must run before the workload starts; a product that is left out is not waited for."""
        return [self._running[name] for name in workload.needs if name in self._running]

    def runs(self, workload: Workload, resource: pulumi.Resource) -> None:
        """Note the resource that is there once the workload runs."""
        self._running[workload.name] = resource
