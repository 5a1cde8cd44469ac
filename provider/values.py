"""Property values as the engine sends them (protobuf Struct) and as Python values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf import struct_pb2

# The wire format of Pulumi's property values: a map with this key is a special value of the kind named there.
SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Unknown(enum.Enum):
    """A value that is only known once another resource exists."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value that must stay encrypted in state."""

    value: Any = field(repr=False)
    """The plain value; never part of `repr`."""


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return Python values: secrets become `Secret`, unknowns `UNKNOWN`, whole numbers `int`."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE_KEY not in fields:
            return from_struct(value.struct_value)
        if fields[SIGNATURE_KEY].string_value == SECRET_SIGNATURE:
            return Secret(_from_value(fields["value"]))
        raise ValueError("assets, archives and resource references cannot be given here")
    return None


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return the opposite of `from_struct`."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in properties.items()})


def _to_value(value: Any) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=UNKNOWN_STRING)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Secret):
        return _to_value({SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value})
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value))
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))


def plain(value: Any) -> Any:
    """Return the value with every secret opened."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def contains_secret(value: Any) -> bool:
    """Whether a secret is anywhere in the value."""
    return isinstance(value, Secret) or any(contains_secret(item) for item in _items(value))


def contains_unknown(value: Any) -> bool:
    """Whether an unknown is anywhere in the value, inside secrets too."""
    opened = plain(value)
    return opened is UNKNOWN or any(contains_unknown(item) for item in _items(opened))


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
