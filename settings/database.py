"""What a stack file may say about the PostgreSQL database that Grafana's replicas share."""

from __future__ import annotations

from settings.section import Section
from units import AccountName, Address, SecretKey


class Database(Section):
    """A PostgreSQL database that is there already."""

    address: Address
    """``host:port`` of the server."""
    name: AccountName = "grafana"
    """Name of the database."""
    username: AccountName = "grafana"
    """Who may change everything in it."""
    password_secret: SecretKey = "grafanaDatabasePassword"
    """Configuration key of the password, a secret."""
    tls: bool = True
    """Whether the connection is encrypted."""
