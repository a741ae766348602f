"""What of an API's description an older client would miss in a newer one, for the tests of /v1.

``PYTHONPATH=tests:. .venv/bin/python tests/kept_contract.py`` keeps the present one as promised:
with each release, and only then.
"""

import json
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def breaks(promised: Document, now: Document) -> list[str]:
    """Return a sentence for each operation, parameter, field or word that has gone."""
    return [*_of_paths(promised["paths"], now["paths"]), *_of_schemas(promised, now)]


def _of_paths(promised: Document, now: Document) -> Iterator[str]:
    for path, methods in promised.items():
        for method, was in methods.items():
            label, found = f"{method.upper()} {path}", now.get(path, {}).get(method)
            if found is None:
                yield f"{label} has gone."
                continue
            known = {one["name"] for one in found.get("parameters", ())}
            before = {one["name"] for one in was.get("parameters", ())}
            for name in sorted(before - known):
                yield f"{label} does not know {name} any more."
            for one in found.get("parameters", ()):
                if one.get("required") and one["name"] not in before:
                    yield f"{label} needs {one['name']} now."
            for status in was["responses"]:
                if status.startswith("2") and status not in found["responses"]:
                    yield f"{label} does not answer {status} any more."


def _of_schemas(promised: Document, now: Document) -> Iterator[str]:
    sent = _names_sent(now)
    found = now["components"]["schemas"]
    for name, was in promised["components"]["schemas"].items():
        if name not in found:
            continue  # what it held is looked for where it is used: a name alone is no promise
        yield from _of_words(name, was, found[name])
        fields = found[name].get("properties", {})
        for field, before in was.get("properties", {}).items():
            if field not in fields:
                yield f"{name}.{field} has gone."
            else:
                yield from _of_words(f"{name}.{field}", before, fields[field])
        if name in sent:
            needed = set(found[name].get("required", ())) - set(was.get("required", ()))
            for field in sorted(needed):
                yield f"{name}.{field} must be sent now; it need not be before."


def _of_words(place: str, was: Document, found: Document) -> Iterator[str]:
    before, after = was.get("enum"), found.get("enum")
    if before is not None and after is not None:
        for word in before:
            if word not in after:
                yield f"{place} does not know {word!r} any more."
    elif was.get("type") != found.get("type") and "type" in was and "type" in found:
        yield f"{place} is {found['type']} now; it was {was['type']}."


def _names_sent(document: Document) -> set[str]:
    """Return the schemas that bodies of requests refer to, at any depth."""
    bodies = [
        operation.get("requestBody")
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    known, left = set[str](), list(_references(bodies))
    while left:
        name = left.pop()
        if name not in known:
            known.add(name)
            left.extend(_references(document["components"]["schemas"].get(name)))
    return known


def _references(part: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for one in part.values():
            yield from _references(one)
    elif isinstance(part, list):
        for one in part:
            yield from _references(one)


if __name__ == "__main__":
    from pathlib import Path

    from client_types import described, slim

    text = json.dumps(slim(described()), ensure_ascii=False, indent=1, sort_keys=True)
    to = Path(__file__).parent / "openapi" / "v1.json"
    to.write_text(f"{text}\n", encoding="utf-8")
