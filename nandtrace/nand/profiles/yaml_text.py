"""YAML text to plain values: bounded, and with every key that a map gives twice.

Built from the parser's events, not from its nodes: so that depth and size are bounded before anything
is built, and aliases cost what they expand to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

MAX_DEPTH = 24
MAX_VALUES = 250_000
"""Bounds on nesting and on values, what aliases expand to among them."""

_LINE_CHARS = 110

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_VALUE = "tag:yaml.org,2002:value"
_SCALARS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


class YamlError(ValueError):
    """The text is no YAML, or none that a profile may be."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that a map gives again; the later one counts."""

    path: str
    line: int
    first_line: int


@dataclass(slots=True)
class Document:
    """The value of a YAML text, and the keys it gives twice, in the order of the text."""

    value: Any = None
    duplicates: list[Duplicate] = field(default_factory=list)


def read_yaml(text: str) -> Document:
    """Read YAML text that holds one document. Raises YamlError that names the line."""
    builder = _Builder(iter(yaml.parse(text, Loader=_LOADER)))
    try:
        return builder.build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{where}not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise YamlError(f"not YAML: {reason}") from error


def yaml_bytes(plain: dict[str, Any]) -> bytes:
    """A value as YAML that reads back the same, with its keys in the same order."""
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=_LINE_CHARS)
    return text.encode()


class _Builder:
    """Builds values from parser events, with bounded recursion."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._resolver: Any = Resolver()
        self._constructor: Any = SafeConstructor()
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._document = Document()

    def build(self) -> Document:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._document.value = self._value(next(self._events), "", 0)[0]
            elif isinstance(event, yaml.DocumentEndEvent):
                self._expect_end()
        return self._document

    def _expect_end(self) -> None:
        following = next(self._events, None)
        if isinstance(following, yaml.DocumentStartEvent):
            raise YamlError(f"line {_line(following)}: a second document begins")

    def _value(self, event: Any, path: str, depth: int) -> tuple[Any, int]:
        """The value that an event begins, and how many values it holds, itself among them."""
        if depth > MAX_DEPTH:
            raise YamlError(f"line {_line(event)}: nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._count
        self._add(1, event)
        if isinstance(event, yaml.MappingStartEvent):
            value: Any = self._map(path, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(path, depth)
        else:
            value = self._scalar(event)
        size = self._count - before
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, size)
        return value, size

    def _alias(self, event: Any) -> tuple[Any, int]:
        if event.anchor not in self._anchors:
            raise YamlError(f"line {_line(event)}: nothing complete is anchored as *{event.anchor}")
        value, size = self._anchors[event.anchor]
        self._add(size, event)
        return value, size

    def _add(self, values: int, event: Any) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise YamlError(f"line {_line(event)}: more than {MAX_VALUES} values")

    def _map(self, path: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            place = f"{path}.{key}" if path else key
            if key in lines:
                self._document.duplicates.append(Duplicate(place, _line(event), lines[key]))
            else:
                lines[key] = _line(event)
            result[key] = self._value(next(self._events), place, depth + 1)[0]
        return result

    def _list(self, path: str, depth: int) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, f"{path}[{len(result)}]", depth + 1)[0])
        return result

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError(f"line {_line(event)}: a key that is no text")
        if self._tag(event) == _MERGE:
            raise YamlError(f"line {_line(event)}: merge keys (<<) are not supported")
        key = self._scalar(event)
        if not isinstance(key, str):
            raise YamlError(
                f"line {_line(event)}: the key {event.value} is no text; write it in quotes"
            )
        return key

    def _tag(self, event: Any) -> str:
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        tag: str = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        return tag

    def _scalar(self, event: Any) -> Any:
        tag = self._tag(event)
        if tag in (_STRING, _TIMESTAMP, _MERGE, _VALUE):
            return event.value
        if tag not in _SCALARS:
            raise YamlError(f"line {_line(event)}: the tag {tag} is not supported")
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._constructor.construct_object(node)
        except (ValueError, OverflowError, KeyError) as error:
            raise YamlError(f"line {_line(event)}: {event.value[:60]!r} is no value") from error
        finally:
            self._constructor.constructed_objects.clear()


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
