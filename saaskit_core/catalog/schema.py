"""The JSON Schema of a catalogue file, for editors and other tools."""

from __future__ import annotations

import json

from saaskit_core.catalog.documents import CatalogDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "SaaSKit catalogue"


def catalog_schema() -> dict[str, object]:
    """Return the schema (draft 2020-12), made from the very models that read the files.

    It tells the shape; what must fit together (keys, currencies, features) only `lint` sees.
    """
    schema = CatalogDocument.model_json_schema()
    return {"$schema": DIALECT, **schema, "title": TITLE}


def schema_text() -> str:
    """Return the schema as the text that is committed beside the documentation."""
    return json.dumps(catalog_schema(), indent=2, sort_keys=True) + "\n"
