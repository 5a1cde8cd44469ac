"""The stack file: its model, and how it is read."""

from settings.loading import GRAFANA_PASSWORD, PROJECT, StackFileError, engine_configuration, load
from settings.model import Alerting, Receiver, Route, Settings

__all__ = [
    "GRAFANA_PASSWORD",
    "PROJECT",
    "Alerting",
    "Receiver",
    "Route",
    "Settings",
    "StackFileError",
    "engine_configuration",
    "load",
]
