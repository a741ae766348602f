"""What was promised of /v1 is still so: nothing an older client reads or sends has gone."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from client_types import described
from kept_contract import breaks

PROMISED = Path(__file__).parents[1] / "openapi" / "v1.json"


def small() -> dict[str, Any]:
    trip = {
        "type": "object",
        "required": ["plate"],
        "properties": {"plate": {"type": "string"}, "state": {"enum": ["active", "over"]}},
    }
    asked = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    said = {
        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
    }
    sent = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
    return {
        "paths": {
            "/v1/t": {"get": {"parameters": [asked], "responses": said, "requestBody": sent}}
        },
        "components": {"schemas": {"T": trip}},
    }


def test_nothing_that_was_promised_has_gone():
    promised = json.loads(PROMISED.read_text(encoding="utf-8"))
    assert breaks(promised, described()) == []


def test_what_is_added_breaks_nothing():
    now = small()
    now["components"]["schemas"]["T"]["properties"]["weight_t"] = {"type": "number"}
    now["paths"]["/v1/more"] = {}
    assert breaks(small(), now) == []


def test_each_break_is_a_sentence():
    gone, renamed, narrowed, needed, unasked = (deepcopy(small()) for _ in range(5))
    del gone["paths"]["/v1/t"]["get"]
    fields = renamed["components"]["schemas"]["T"]["properties"]
    fields["number"] = fields.pop("plate")
    narrowed["components"]["schemas"]["T"]["properties"]["state"] = {"enum": ["active"]}
    needed["components"]["schemas"]["T"]["required"] = ["plate", "state"]
    unasked["paths"]["/v1/t"]["get"]["parameters"] = []
    assert breaks(small(), gone) == ["GET /v1/t has gone."]
    assert breaks(small(), renamed) == ["T.plate has gone."]
    assert breaks(small(), narrowed) == ["T.state does not know 'over' any more."]
    assert breaks(small(), needed) == ["T.state must be sent now; it need not be before."]
    assert breaks(small(), unasked) == ["GET /v1/t does not know limit any more."]
