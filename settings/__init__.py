"""The stack file: its model, and how it is read."""

from settings.alerting import Alerting
from settings.docker import Docker
from settings.images import Images
from settings.loading import (
    GRAFANA_PASSWORD,
    LOGIN_PASSWORD,
    PROJECT,
    PUSH_PASSWORD,
    StackFileError,
    engine_configuration,
    read,
)
from settings.model import SECTIONS_WITH_SECRETS, Settings
from settings.receivers import Receiver
from settings.routes import Route

__all__ = [
    "GRAFANA_PASSWORD",
    "LOGIN_PASSWORD",
    "PROJECT",
    "PUSH_PASSWORD",
    "SECTIONS_WITH_SECRETS",
    "Alerting",
    "Docker",
    "Images",
    "Receiver",
    "Route",
    "Settings",
    "StackFileError",
    "engine_configuration",
    "read",
]
