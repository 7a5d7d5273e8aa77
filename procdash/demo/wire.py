"""The few protobuf messages that stored tasks hold, encoded by hand: base64 without padding, as stored.

Field numbers are those of GreptimeDB's `ddl.proto`; only the fields that a viewer can use are written.
"""

from __future__ import annotations

from base64 import b64encode

from procdash.demo.names import Table

_LENGTH_DELIMITED = 2
_SEVEN_BITS = 0x7F
_MORE_FOLLOWS = 0x80


def field(number: int, value: str | bytes) -> bytes:
    """One length-delimited field: a string, bytes or an embedded message.

    Args:
        number: the field's number.
        value: the string, or the encoded bytes.
    """
    payload = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload


def create_table_task(table: Table, table_info: str) -> str:
    """A `CreateTableTask`: the table's names, time index, primary key and engine, and its table info as JSON."""
    expression = field(6, "ts") + field(7, "host") + field(12, table.engine)
    return _base64(field(1, _names(table) + expression) + field(3, table_info))


def add_column_task(table: Table, column: str) -> str:
    """An `AlterTableTask` that adds a column."""
    column_definition = field(1, column)
    add_columns = field(1, field(1, column_definition))
    return _base64(field(1, _names(table) + field(4, add_columns)))


def drop_column_task(table: Table, column: str) -> str:
    """An `AlterTableTask` that drops a column."""
    drop_columns = field(1, field(1, column))
    return _base64(field(1, _names(table) + field(5, drop_columns)))


def rename_table_task(table: Table, new_name: str) -> str:
    """An `AlterTableTask` that renames the table."""
    return _base64(field(1, _names(table) + field(6, field(1, new_name))))


def create_view_task(catalog: str, schema: str, view: str, definition: str) -> str:
    """A `CreateViewTask`: the view's names and its SQL."""
    names = field(1, catalog) + field(2, schema) + field(3, view)
    return _base64(field(1, names + field(10, definition)))


def _names(table: Table) -> bytes:
    return field(1, table.catalog) + field(2, table.schema) + field(3, table.name)


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > _SEVEN_BITS:
        groups.append(number & _SEVEN_BITS | _MORE_FOLLOWS)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _base64(message: bytes) -> str:
    return b64encode(message).decode().rstrip("=")
