from __future__ import annotations

import json

from stimulus_protocols import protocols
from stimulus_protocols.schema import schema


def test_the_schema_names_every_kind():
    found = schema()
    assert "Grating" in found["$defs"]
    assert found["properties"]["protocol"]["properties"]["name"]["enum"] == sorted(
        protocols.BY_NAME
    )
    json.dumps(found)
