"""The JSON Schema of a catalogue file, for editors: ``python -m catalogue.schema`` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from catalogue.model import Service

FILE = Path(__file__).resolve().parent.parent / "catalog" / "schema.json"


def schema() -> str:
    """Return the schema as JSON."""
    model = Service.model_json_schema(by_alias=True)
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A service of the catalogue",
    }
    return json.dumps({**model, **described}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
    sys.exit(0)
