"""Takes values out of one configuration file and collects everything that is wrong with them, in words.

msgspec checks one value at a time (its own decoder stops at the first fault), so that a person mends a
configuration in one go. Unknown keys are problems: they are typing mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

S = TypeVar("S", bound=Struct)


class Problems:
    """What is wrong in one file. Every line names the file, the key, what is wrong, and what is allowed."""

    def __init__(self, file: str, found: list[str]) -> None:
        self.file = file
        self.found = found

    def add(self, key: str, what: str) -> None:
        self.found.append(f"{self.file}: {key}: {what}")

    def table(self, kind: type[Struct], raw: Any, at: str = "") -> dict[str, Any]:
        """The checked values of a table by attribute name, tables in it likewise; faulty values are left out."""
        if not isinstance(raw, Mapping):
            self.add(at.rstrip(".") or "(file)", f"expected a table, got {_shown(raw)}")
            return {}
        known = {each.encode_name: each for each in fields(kind)}
        for key in raw:
            if key not in known:
                self.add(at + key, f"unknown key; known here are {', '.join(known)}")
        values: dict[str, Any] = {}
        for key, each in known.items():
            if key in raw:
                self._value(values, each, raw[key], at + key)
            elif each.required:
                self._missing(each.type, at + key)
        return values

    def tables(self, kind: type[Struct], raw: Any, at: str) -> list[dict[str, Any]]:
        """The checked values of an array of tables; it needs at least one."""
        if not isinstance(raw, list) or not raw:
            self.add(at, f"missing; needed is at least one [[{at}]]")
            return []
        return [self.table(kind, each, f"{at}[{number}].") for number, each in enumerate(raw, start=1)]

    def _missing(self, kind: Any, at: str) -> None:
        """Of a missing table everything that is needed in it: a person should not have to ask twice."""
        if _is_struct(kind):
            self.table(kind, {}, at + ".")
        elif _is_struct(_member(kind)):
            self.tables(_member(kind), None, at)
        else:
            self.add(at, f"missing; needed is {_allowed(kind)}")

    def _value(self, values: dict[str, Any], each: FieldInfo, raw: Any, at: str) -> None:
        if _is_struct(each.type):
            values[each.name] = self.table(each.type, raw, at + ".")
        elif _is_struct(_member(each.type)):
            values[each.name] = self.tables(_member(each.type), raw, at)
        else:
            try:
                values[each.name] = msgspec.convert(raw, each.type)
            except msgspec.ValidationError:
                self.add(at, f"{_shown(raw)} is not allowed; allowed is {_allowed(each.type)}")


def built(kind: type[S], values: Mapping[str, Any]) -> S:
    """The Struct of values in which no problem was found."""
    types = {each.name: each.type for each in fields(kind)}
    return kind(**{name: _built(types[name], value) for name, value in values.items()})


def _built(kind: Any, value: Any) -> Any:
    if _is_struct(kind):
        return built(kind, value)
    return [built(_member(kind), each) for each in value] if _is_struct(_member(kind)) else value


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _member(kind: Any) -> Any:
    """The type of a list's members; None for what is no list."""
    return get_args(kind)[0] if get_args(kind) and getattr(kind, "__origin__", None) is list else None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _allowed(kind: Any) -> str:
    """What a type allows, in words."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            return meta.description
    for inner in getattr(kind, "__args__", ()):
        words = _allowed(inner)
        if words != "a value":
            return words
    return {str: "a text", int: "a whole number", bool: "true or false"}.get(kind, "a value")
