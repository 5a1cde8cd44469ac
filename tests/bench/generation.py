"""How long everything for ``prod`` takes to generate, beside a Go template engine that writes the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

import yaml

from components import alertmanager, collector, grafana, jaeger, loki, node_exporter, prometheus
from plan import make_plan
from runtimes import SKIP
from settings import PROJECT
from tests.project import CHECKOUT, secret_keys

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Pulumi's engine reads the stack file with a compiled reader as well."""
_VALUE = re.compile(r'^(\s*(?:- )*[\w".$/-]+: ?)(.+)$')
"""A line of YAML or JSON that says one value."""


def generated() -> str:
    """Return everything that the products of ``prod`` are configured with, from the stack file on."""
    text = (CHECKOUT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    config = yaml.load(text, _Loader)["config"]
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    secrets = {f"{PROJECT}:{key}": "https://example.org/placeholder0" for key in secret_keys(config)}
    plan = make_plan({**texts, **secrets}, secrets, "prod")
    placement, settings = plan.runtime.placement, plan.settings
    links = plan.prometheus["links"]
    workloads = (
        prometheus.workload(plan.prometheus, placement),
        alertmanager.workload({"alerting": settings.alerting, "secrets": {}, "links": links}, placement),
        loki.workload({**plan.loki, "secrets": {}, "made": None}, placement),
        jaeger.workload({"traces": settings.traces}, placement),
        collector.workload(plan.collector, placement),
        grafana.workload(
            {
                **plan.grafana,
                "password": "",
                "secret_key": "",
                "secrets": dict.fromkeys(settings.dashboards.secret_keys, ""),
            },
            placement,
        ),
        node_exporter.workload(placement),
    )
    return "\n".join(str(text) for workload in workloads for text in workload.files.values())


def as_template(text: str) -> tuple[str, list[str]]:
    """Return a template and the values that together give the text: one value for each line that says one."""
    lines: list[str] = []
    values: list[str] = []
    for line in text.split("\n"):
        if (parts := _VALUE.match(line)) and "{{" not in parts[1]:
            lines.append(f"{parts[1]}{{{{ index .values {len(values)} }}}}")
            values.append(parts[2])
        else:
            lines.append(line.replace("{{", '{{ "{{" }}'))
    return "\n".join(lines), values


def measure_generation(rounds: int) -> dict[str, float]:
    """Return the medians in seconds of processor time by who generates, and the size of it in bytes.

    Nothing where there is no Go to build the template engine with.
    """
    os.environ[SKIP] = "1"
    go = shutil.which("go")
    if go is None:
        return {}
    text = generated()
    template, values = as_template(text)
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        (folder / "template").write_text(template, encoding="utf-8")
        (folder / "values").write_text(json.dumps({"values": values}), encoding="utf-8")
        program = folder / "render"
        source = CHECKOUT / "tests" / "bench" / "render.go"
        subprocess.run([go, "build", "-o", program, source], check=True, cwd=folder)
        ours, theirs = [], []
        for _ in range(rounds):
            begin = process_time()
            assert generated() == text
            ours.append(process_time() - begin)
            result = subprocess.run(
                [program, folder / "template", folder / "values", "5"],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, _, filled = result.stdout.partition("\n")
            assert filled == text, "the template engine wrote something else"
            theirs.append(float(seconds))
    return {"ours": median(ours), "go": median(theirs), "bytes": len(text.encode()), "values": len(values)}
