"""The shop's orders, in a database in memory."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass

from observability_sdk.metrics import DatabaseMetrics


@dataclass(frozen=True)
class Order:
    """One order."""

    id: int
    """Its number."""
    item: str
    """What was ordered."""
    quantity: int
    """How many; at least 1."""


class Orders:
    """Stores orders and measures every query."""

    def __init__(self, metrics: DatabaseMetrics) -> None:
        self._metrics = metrics
        # Synchronous routes run on several threads; one connection serves them in turn.
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, quantity INTEGER)")
        metrics.connections_max.set(1)
        metrics.connections_idle.set(1)

    def add(self, item: str, quantity: int) -> Order:
        """Store a new order."""
        with self._lock, self._metrics.query("insert", "orders"):
            cursor = self._database.execute(
                "INSERT INTO orders (item, quantity) VALUES (?, ?)", (item, quantity)
            )
        return Order(cursor.lastrowid or 0, item, quantity)

    def latest(self, limit: int = 20) -> list[Order]:
        """Return the latest orders, newest first."""
        with self._lock, self._metrics.query("select", "orders"):
            rows = self._database.execute(
                "SELECT id, item, quantity FROM orders ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Order(*row) for row in rows]

    def find(self, order_id: int) -> Order | None:
        """Return one order, or None."""
        with self._lock, self._metrics.query("select", "orders"):
            row = self._database.execute(
                "SELECT id, item, quantity FROM orders WHERE id = ?", (order_id,)
            ).fetchone()
        return Order(*row) if row else None

    def count(self) -> int:
        """Return how many orders there are."""
        with self._lock, self._metrics.query("count", "orders"):
            count: int = self._database.execute("SELECT count(*) FROM orders").fetchone()[0]
        return count
