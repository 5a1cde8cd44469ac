"""The drop-downs above the panels, by which people choose what these show."""

from __future__ import annotations

from mixins.panels.model import METRICS, Variable


def variable(name: str, query: str, everything: str) -> Variable:
    """Return a drop-down filled by a Prometheus ``query``; ``everything`` is the pattern behind "All"."""
    return {
        "type": "query",
        "name": name,
        "label": name.capitalize(),
        "datasource": METRICS,
        "query": query,
        "allValue": everything,
        "allowCustomValue": True,
        "auto": False,
        "auto_count": 30,
        "auto_min": "10s",
        "current": {"selected": True, "text": "All", "value": "$__all"},
        "includeAll": True,
        "multi": True,
        "refresh": 2,
        "skipUrlSync": False,
        "sort": 1,
    }


# ".*" also matches series without the label. Loki refuses a selector that may match nothing: ".+" below.
def environment() -> Variable:
    """Return the drop-down of the environments that report here."""
    return variable("environment", "label_values(up, environment)", ".*")


def instance(job: str) -> Variable:
    """Return the drop-down of the instances of a scrape job."""
    return variable(
        "instance", f'label_values(up{{job="{job}", environment=~"$environment"}}, instance)', ".+"
    )


def service(metric: str) -> Variable:
    """Return the drop-down of the services that have ``metric``."""
    query = f'label_values({metric}{{environment=~"$environment", service!=""}}, service)'
    return variable("service", query, ".+")


def namespace(metric: str) -> Variable:
    """Return the drop-down of the Kubernetes namespaces that have ``metric``."""
    return variable("namespace", f'label_values({metric}{{environment=~"$environment"}}, namespace)', ".*")
