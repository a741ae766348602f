"""What a request has wrong, in sentences of our own: what, where, and what to do."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flowctl.errors import Refusal

SECRET = object()
"""Stands beside the type of a field whose value no answer and no log may repeat."""
_SHOWN = 40
_MOMENT = "write one such as 2024-01-23T08:00:00+07:00"
_IN_ADDRESS = " (in an address %2B stands for +)"
_BOUNDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}
_OUT_OF_RANGE = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_LIMITED = {
    "literal_error": "is not offered; give {expected}",
    "enum": "is not offered; give {expected}",
    "string_too_long": "is too long; give at most {max_length} characters",
    "string_too_short": "is too short; give at least {min_length} characters",
    "too_long": "has too many items; send at most {max_length} at once",
}
_WORDS = re.compile(r"\^\(([\w|-]+)\)\$")
"""A pattern that is a choice of words."""
_KINDS = {
    "int": "is no whole number",
    "float": "is no number",
    "finite": "is no number",
    "string": "is no text",
    "bool": "is neither true nor false",
    "list": "is no list",
    "dict": "is no object of names and values",
    "model": "is no object of names and values",
    "datetime": "is no moment",
    "timezone": "has no time zone",
}


def fault_of(route: object, fault: Mapping[str, Any]) -> Refusal:
    """Return one fault that pydantic found in a request, by its field.

    Parameters
    ----------
    route
        The route that was asked, whose declarations name the ranges.
    fault
        An item of ``RequestValidationError.errors()``.
    """
    sentence, kind = _sentence(route, fault), fault["type"]
    field = str(fault["loc"][-1])
    if kind == "missing":
        return Refusal(sentence, kind="missing", values={"field": field})
    if kind in {"string_too_long", "too_long"}:
        most = fault["ctx"]["max_length"]
        return Refusal(sentence, kind="too_long", values={"field": field, "most": most})
    if kind in {"string_too_short", "too_short"}:
        least = fault["ctx"]["min_length"]
        return Refusal(sentence, kind="too_short", values={"field": field, "least": least})
    if kind in _OUT_OF_RANGE:
        return Refusal(sentence, kind="out_of_range", values={"field": field})
    return Refusal(sentence, kind="invalid", values={"field": field})


def _sentence(route: object, fault: Mapping[str, Any]) -> str:
    where, kind = fault["loc"], fault["type"]
    place = ".".join(str(part) for part in where[1:]) or "the body"
    if kind == "missing":
        return f"{place} is missing; give it."
    if kind == "extra_forbidden":
        return f"{place} is not known here; leave it out or look for a slip in its name."
    if kind == "value_error":
        return f"{place}: {fault['ctx']['error']}."
    declared = _declared(route, where)
    # What stands where a body should be may be a secret without its field.
    is_open = bool(where[1:]) and SECRET not in declared
    value = _shown(fault["input"]) if is_open else "what was sent"
    sentence = f"{place}: {value} {_what(fault, declared)}."
    if not where[1:] and isinstance(fault["input"], bytes | str):
        sentence += " JSON is read as such only with the header Content-Type: application/json."
    return sentence


def _what(fault: Mapping[str, Any], declared: Iterable[object]) -> str:
    kind = fault["type"]
    if kind in _LIMITED:
        return _LIMITED[kind].format_map(fault["ctx"])
    if kind == "string_pattern_mismatch":
        pattern = fault["ctx"]["pattern"]
        words = _WORDS.fullmatch(pattern)
        if words is None:
            return f"has another form than it must; give a text that {pattern} describes"
        return f"is not offered; give {' or '.join(words[1].split('|'))}"
    bounds = _range(declared)
    if kind in _OUT_OF_RANGE:
        return f"is out of range; give a number {bounds}"
    family = kind.partition("_")[0]
    what = _KINDS.get(family, "cannot be taken here")
    if family in {"datetime", "timezone"}:
        return f"{what}; {_MOMENT}{_IN_ADDRESS if fault['loc'][0] == 'query' else ''}"
    return f"{what}; give one {bounds}".rstrip() if family in _KINDS else what


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever was sent
    """Return a value as it was sent, its beginning where it is long."""
    if isinstance(value, bytes | list | dict):
        return "what was sent"
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _range(metadata: Iterable[object]) -> str:
    """Return the range that a number's declaration sets, or nothing where it sets none."""
    said = {
        name: getattr(rule, name) for rule in metadata for name in _BOUNDS if hasattr(rule, name)
    }
    if isinstance(said.get("lt"), int):
        said["le"] = said.pop("lt") - 1
    return " ".join(f"{text} {said[name]}" for name, text in _BOUNDS.items() if name in said)


def _declared(route: object, where: Sequence[int | str]) -> tuple[object, ...]:
    """Return what is declared of the value at a place of a request, such as its range."""
    if not isinstance(route, APIRoute):
        return ()
    first, *path = where
    if first == "body":
        body = route.body_field
        return () if body is None else _inside(body.field_info.annotation, path)
    of_name = {param.alias: tuple(param.field_info.metadata) for param in _params(route.dependant)}
    return of_name.get(str(path[0]), ()) if path else ()


def _params(dependant: Dependant) -> Iterable[Any]:
    yield from (*dependant.path_params, *dependant.query_params, *dependant.header_params)
    for one in dependant.dependencies:
        yield from _params(one)


def _inside(annotation: Any, path: Sequence[int | str]) -> tuple[object, ...]:  # noqa: ANN401 - types
    """Return what is declared of the value at a path inside a value of a type."""
    declared: tuple[object, ...] = ()
    for part in [*path, None]:
        annotation, said = _bare(annotation)
        declared += said
        if part is None:
            break
        declared = ()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return ()
            annotation, declared = field.annotation, tuple(field.metadata)
        else:  # a list's items, or the values of names
            annotation = (get_args(annotation) or (Any,))[-1]
    return declared


def _bare(annotation: Any) -> tuple[Any, tuple[object, ...]]:  # noqa: ANN401 - types
    """Return a type without what is declared beside it, and that."""
    if get_origin(annotation) in {Union, UnionType}:
        return _bare(next(one for one in get_args(annotation) if one is not type(None)))
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    bare, *beside = get_args(annotation)
    fields = [one for one in beside if isinstance(one, FieldInfo)]
    inner, said = _bare(bare)
    return inner, (*beside, *(rule for field in fields for rule in field.metadata), *said)
