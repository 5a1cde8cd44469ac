"""What a stack file may say about traces: how long they are kept, in what store, by way of what queue."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from settings.section import Section
from units import NOT_EMPTY, AccountName, Address, Duration, Quantity, SecretKey, matching


class TraceStore(Section):
    """A store of traces that is there already; the program makes none."""

    kind: Literal["opensearch", "clickhouse"]
    """Which product it is."""
    address: Address
    """``host:port`` of the store: OpenSearch's HTTP port, ClickHouse's native one."""
    tls: bool = True
    """Whether the connection is encrypted; with ClickHouse Jaeger cannot do that yet."""
    name: Annotated[
        str,
        matching(
            r"[a-z0-9][a-z0-9_.-]*", "use lower-case letters, digits and . _ -, a letter or digit first"
        ),
    ] = "jaeger"
    """Prefix of the indices, or name of the database."""
    username: AccountName = "jaeger"
    """Who may write and read there."""
    password_secret: SecretKey = "jaegerStorePassword"
    """Configuration key of the password, a secret."""

    @model_validator(mode="after")
    def _only_what_jaeger_can(self) -> Self:
        if self.kind == "clickhouse" and self.tls:
            raise ValueError(
                "tls: Jaeger has none to ClickHouse yet; write false, and keep the two in one private network"
            )
        return self


class TraceQueue(Section):
    """A Kafka that is there already, in front of the store; its topic is ``otlp_spans``."""

    brokers: Annotated[tuple[Address, ...], NOT_EMPTY]
    """``host:port`` of brokers to begin with."""
    tls: bool = True
    """Whether the connection is encrypted."""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How the password is proved."""
    username: Annotated[str, matching(r"[\w.@+~-]*", "use letters, digits and . _ @ + ~ -")] = ""
    """Who may write and read the topic; empty where nobody is asked."""
    password_secret: SecretKey = "kafkaPassword"
    """Configuration key of the password, a secret; needed with ``username``."""


class Traces(Section):
    """Jaeger."""

    retention: Duration = "3d"
    """How long traces are kept on the volume; a ``store`` deletes what is old by rules of its own."""
    storage: Quantity = "10Gi"
    """Capacity of the volume."""
    store: TraceStore | None = None
    """Store that traces are kept in instead of on the volume, so that several Jaeger share it."""
    queue: TraceQueue | None = None
    """Kafka that takes what the store cannot take at once; Jaeger is then three products."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Configuration keys of the secrets that store and queue need."""
        store = (self.store.password_secret,) if self.store else ()
        return (*store, *((self.queue.password_secret,) if self.queue and self.queue.username else ()))

    @model_validator(mode="after")
    def _a_queue_has_a_store_behind_it(self) -> Self:
        if self.queue and not self.store:
            raise ValueError("queue: needs a store behind it; set traces.store")
        return self
