"""Ports: where edges begin and end, and what may pass."""

from __future__ import annotations

from dataclasses import dataclass

from nandtrace.errors import GraphError

Class = type
Classes = tuple[Class, ...]


@dataclass(frozen=True, slots=True)
class _Port:
    name: str
    type: Class | Classes = object
    """The class of payloads, or several."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", check_name(self.name, "port"))
        if not self.classes or not all(isinstance(item, Class) for item in self.classes):
            raise GraphError(f"port {self.name}: its type is {self.type!r}, not a class or several")

    @property
    def classes(self) -> Classes:
        return self.type if isinstance(self.type, tuple) else (self.type,)

    def type_text(self) -> str:
        """The type as a person reads it: int, or int | str."""
        return " | ".join(item.__name__ for item in self.classes)


@dataclass(frozen=True, slots=True)
class InputPort(_Port):
    """Where messages come in. One that is `required` must have an edge before the graph runs."""

    required: bool = True


@dataclass(frozen=True, slots=True)
class OutputPort(_Port):
    """Where messages go out; without an edge they go nowhere."""


def check_name(name: object, what: str) -> str:
    """The name as a plain string. Raises GraphError for one that can't stand in the id of an edge."""
    if not isinstance(name, str) or not name or not name.isprintable():
        raise GraphError(f"{name!r} is no name of a {what}")
    for mark in ("/", ":", "->"):
        if mark in name:
            raise GraphError(f"{what} {name!r}: a name has no {mark!r}")
    return str(name)


def always_fits(source: OutputPort, target: InputPort) -> bool:
    """Whether whatever the source may send is what the target takes."""
    return all(issubclass(item, target.classes) for item in source.classes)


def may_fit(source: OutputPort, target: InputPort) -> bool:
    """Whether something that the source may send is what the target takes."""
    return any(
        issubclass(mine, theirs) or issubclass(theirs, mine)
        for mine in source.classes
        for theirs in target.classes
    )
