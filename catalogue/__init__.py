"""The service catalogue: what application teams write about their services.

One YAML file a service. From it come scrape jobs, log collection, probes, objectives with their alerts and
dashboards, and the labels that alerts are routed by.
"""

from catalogue.loading import load, problems_between, service_of
from catalogue.metrics import ServiceMetrics
from catalogue.model import Service, ServiceLogs

__all__ = ["Service", "ServiceLogs", "ServiceMetrics", "load", "problems_between", "service_of"]
