"""What a stack file may say about the PostgreSQL database that Grafana's replicas share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section
from units import Address, SecretKey


class Database(Section):
    """A PostgreSQL database that is there already."""

    address: Address
    """``host:port`` of the server."""
    name: Annotated[str, Field(min_length=1)] = "grafana"
    """Name of the database."""
    username: Annotated[str, Field(min_length=1)] = "grafana"
    """Who may change everything in it."""
    password_secret: SecretKey = "grafanaDatabasePassword"
    """Configuration key of the password, a secret."""
    tls: bool = True
    """Whether the connection is encrypted."""
