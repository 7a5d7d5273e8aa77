"""The small world of the demo: its datanodes, databases, tables and people."""

from __future__ import annotations

import uuid
from random import Random
from typing import Any, NamedTuple

CATALOG = "greptime"
SCHEMA = "public"

DATANODES: tuple[dict[str, Any], ...] = tuple(
    {"id": number, "addr": f"10.0.0.{number}:3001"} for number in (1, 2, 3)
)
"""The three datanodes, as a stored peer spells them."""

ACTORS = ("alice", "bob", "carol", "grafana-agent", "otel-collector")
"""Who asks for things."""

PROTOCOLS = ("mysql", "postgres", "http", "grpc")
"""How they ask."""


class Table(NamedTuple):
    """A table that procedures work on."""

    name: str
    table_id: int
    region_count: int = 1
    engine: str = "mito"
    schema: str = SCHEMA
    catalog: str = CATALOG


class Database(NamedTuple):
    """A database that can be dropped, table by table."""

    schema: str
    table_prefix: str
    """What its tables' names begin with; a three-digit number follows."""
    table_count: int
    first_table_id: int


TABLES = (
    Table("http_requests_total", 1024, 3),
    Table("cpu_usage", 1025, 2),
    Table("memory_usage", 1026),
    Table("disk_io", 1027),
    Table("network_flows", 1028, 3),
    Table("nginx_access_log", 1029, 2),
    Table("k8s_pod_status", 1030),
    Table("opentelemetry_traces", 1031, 3),
    Table("payment_events", 1032),
    Table("sensor_readings", 1033, 3),
    Table("user_sessions", 1034),
    Table("greptime_physical_table", 1035, 2, "metric"),
)
"""The tables that exist; the last one holds the logical tables of the metric engine."""

PHYSICAL_TABLE = TABLES[-1]

LOGICAL_TABLE_NAMES = (
    "go_goroutines",
    "go_gc_duration_seconds",
    "process_open_fds",
    "process_cpu_seconds_total",
    "node_load1",
    "node_memory_MemFree_bytes",
    "up",
    "scrape_duration_seconds",
    "kube_pod_info",
    "container_cpu_usage_seconds_total",
    "prometheus_http_requests_total",
    "rpc_duration_seconds_bucket",
)

BIG_DATABASE = Database("staging", "orders_", 52, 4096)

DATABASES = (
    Database("tmp_import", "batch_", 3, 5120),
    Database("loadtest", "series_", 5, 5248),
    Database("tenant_0042", "metrics_", 8, 5376),
    BIG_DATABASE,
)
"""The databases that may be dropped."""

NEW_SCHEMAS = ("tenant_0107", "tenant_0108", "analytics", "billing", "iot_eu", "iot_us")
"""The databases that may be created or altered."""

FLOWS = ("requests_per_minute", "cpu_hourly", "slow_queries")
VIEWS = ("top_endpoints", "error_budget", "active_users")

_NEW_TABLE_SUFFIXES = ("eu", "us", "v2", "daily", "2026_11", "archive", "canary", "raw")
_FIRST_NEW_TABLE_ID = 2048


def new_id(rng: Random) -> str:
    """A random procedure id (UUID version 4, canonical spelling) drawn from `rng`."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def new_table(rng: Random) -> Table:
    """A table that does not exist yet."""
    model = rng.choice(TABLES[:-1])
    table_id = _FIRST_NEW_TABLE_ID + rng.randrange(_FIRST_NEW_TABLE_ID)
    return model._replace(name=f"{model.name}_{rng.choice(_NEW_TABLE_SUFFIXES)}", table_id=table_id)


def logical_tables(rng: Random, count: int) -> list[Table]:
    """`count` logical tables (at most as many as there are names) of the metric engine."""
    first_id = _FIRST_NEW_TABLE_ID + rng.randrange(_FIRST_NEW_TABLE_ID)
    names = rng.sample(LOGICAL_TABLE_NAMES, count)
    return [Table(name, first_id + index, engine="metric") for index, name in enumerate(names)]


def asked_by_someone(rng: Random) -> dict[str, Any]:
    """The context of a procedure that a person or an agent asked for."""
    return {
        "actor": rng.choice(ACTORS),
        "event_context": {"reason": "manual", "protocol": rng.choice(PROTOCOLS)},
    }


def started_by_itself(reason: str) -> dict[str, Any]:
    """The context of a procedure that the engine started by itself.

    Args:
        reason: `auto_create`, `auto_alter`, `auto_rebalance`, `region_failover` …
    """
    return {"event_context": {"reason": reason}}
