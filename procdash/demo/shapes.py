"""The pieces that the `data` of several procedure types share: peers, regions, routes, table infos."""

from __future__ import annotations

from typing import Any

import msgspec

from procdash.demo.names import DATANODES, Table

Document = dict[str, Any]
"""A JSON object whose fields stand in the order in which they are stored."""

_REGION_BITS = 32


def to_json(document: Document) -> str:
    """The document as upstream writes it: compact, on one line."""
    return msgspec.json.encode(document).decode()


def region_id(table_id: int, region_number: int) -> int:
    """The id of a table's region: the table's id in the upper 32 bits, the region's number in the lower ones."""
    return table_id << _REGION_BITS | region_number


def table_id_of(region: int) -> int:
    """The id of the table that a region belongs to."""
    return region >> _REGION_BITS


def leader_of(table_id: int, region_number: int) -> Document:
    """The datanode that leads a region; the demo spreads regions by their numbers."""
    return DATANODES[(table_id + region_number) % len(DATANODES)]


def region_ids(table: Table) -> list[int]:
    """The ids of all regions of a table."""
    return [region_id(table.table_id, number) for number in range(table.region_count)]


def region_routes(table: Table) -> list[Document]:
    """The routes of all regions of a table."""
    return [
        {
            "region": {
                "id": region_id(table.table_id, number),
                "name": "",
                "attrs": {},
                "partition_expr": "",
            },
            "leader_peer": leader_of(table.table_id, number),
            "follower_peers": [],
            "leader_down_since": None,
        }
        for number in range(table.region_count)
    ]


def table_name(table: Table) -> Document:
    """A table's full name as an object."""
    return {"catalog_name": table.catalog, "schema_name": table.schema, "table_name": table.name}


def table_info(table: Table) -> Document:
    """What the metadata say about a table: a host, a time and a value."""
    return {
        "ident": {"table_id": table.table_id, "version": 0},
        "name": table.name,
        "desc": None,
        "catalog_name": table.catalog,
        "schema_name": table.schema,
        "meta": {
            "schema": {
                "column_schemas": [
                    _column("host", {"String": None}, is_time_index=False),
                    _column("ts", {"Timestamp": {"Millisecond": None}}, is_time_index=True),
                    _column("value", {"Float64": {}}, is_time_index=False),
                ],
                "timestamp_index": 1,
                "version": 0,
            },
            "primary_key_indices": [0],
            "engine": table.engine,
            "next_column_id": 3,
            "options": {"write_buffer_size": None, "ttl": None, "skip_wal": False, "extra_options": {}},
            "created_on": "2026-11-21T20:16:00Z",
        },
        "table_type": "Base",
    }


def table_info_value(table: Table) -> str:
    """A table info as it is stored inside other documents: JSON in a string."""
    return to_json({"table_info": table_info(table), "version": 0})


def _column(name: str, data_type: Document, *, is_time_index: bool) -> Document:
    return {
        "name": name,
        "data_type": data_type,
        "is_nullable": not is_time_index,
        "is_time_index": is_time_index,
        "default_constraint": None,
        "metadata": {},
    }
