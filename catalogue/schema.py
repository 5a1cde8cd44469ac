"""The JSON Schema of a catalogue file, for editors: ``python -m catalogue.schema`` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from catalogue.model import Service
from settings.reference import docstrings

FILE = Path(__file__).resolve().parent.parent / "catalog" / "schema.json"


class _Described(GenerateJsonSchema):
    """Says of each key what the model's source says of it; no preview pays for that."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model = schema["cls"]
        for name, text in docstrings(model).items():
            found["properties"][model.model_fields[name].alias]["description"] = text
        return found


def schema() -> str:
    """Return the schema as JSON."""
    model = Service.model_json_schema(by_alias=True, schema_generator=_Described)
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A service of the catalogue",
    }
    return json.dumps({**model, **described}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
    sys.exit(0)
