"""The event lines of a log as events of a trace, one function per kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandtrace.convert.line_schema import LineError, explain, fields_of, validator_of
from nandtrace.convert.op_ids import OpIds
from nandtrace.convert.plain_values import plain_text, plain_value
from nandtrace.trace import TraceWriter
from nandtrace.units import us_to_ns
from nandtrace.user_files import field_path
from nandtrace.vocab import NAND, NULL
from nandtrace.vocab.nand import Source

Line = dict[str, Any]
Convert = Callable[[Line, int, int], None]
"""Takes a valid line, its time in ns and its run."""

_CODES = {kind.name: kind.code for kind in NAND.kinds}
_OP_LISTS = ("suspended_erase", "suspended_program", "ongoing")
_CONVERTED = {*_OP_LISTS, "pending", "addr_state"}

MAX_OPEN_BYTES = 24 * 2**20
"""A chunk is written at the latest when so much of the log is in it. This bounds its list items,
its strings and its snapshots; lines of less than 384 bytes on average never reach it."""

MAX_NOTED_FIELDS = 100
"""Fields that no column takes are counted one by one up to so many, then together."""


class EventLines:
    """Appends event lines to a trace.

    `unknown_fields` counts, per kind and field, the lines with a field that no column takes.
    """

    def __init__(self, writer: TraceWriter) -> None:
        self.runs = 0
        self.unknown_fields: dict[tuple[str, str], int] = {}
        self._writer = writer
        self._append = writer.append
        self._ops = OpIds()
        self._open_run: int | None = None
        self._names = _NameCodes(writer)
        self._open_bytes = 0
        converters: dict[str, Convert] = {
            "RUN_BEGIN": self._run_begin,
            "RUN_END": self._run_end,
            "COMMIT": self._commit,
            "OP_START": self._op_start,
            "OP_END": self._op_end,
            "CANCEL": self._cancel,
            "SUSPENDED": self._suspended,
            "RESUMED": self._resumed,
            "APPLY_ERASE": self._apply_erase,
            "APPLY_PGM": self._apply_pgm,
        }
        self._kinds = {
            kind: (validator_of(kind), fields_of(kind), convert)
            for kind, convert in converters.items()
        }

    def add(self, kind: str, line: Line, size_bytes: int) -> None:
        """Append one line of a kind. Raises LineError, and appends nothing, when it is bad."""
        if kind not in self._kinds:
            raise LineError("kind", f"a second {kind}")
        validate, fields, convert = self._kinds[kind]
        try:
            validate(line)
        except ValueError:
            raise explain(kind, line) from None
        if not line.keys() <= fields:
            self._note(kind, line.keys() - fields)
        self._bound_chunk(size_bytes)
        try:
            convert(line, us_to_ns(line["t_us"]), line["run"])
        except ValueError as error:
            raise _blame(line, error) from error

    def _note(self, kind: str, fields: set[str]) -> None:
        for name in fields:
            key = kind, field_path([name])
            if key not in self.unknown_fields and len(self.unknown_fields) >= MAX_NOTED_FIELDS:
                key = kind, "(others)"
            self.unknown_fields[key] = self.unknown_fields.get(key, 0) + 1

    def _bound_chunk(self, size_bytes: int) -> None:
        if self._writer.pending_events == 0:
            self._open_bytes = 0
            self._names.forget()
        elif self._open_bytes + size_bytes > MAX_OPEN_BYTES:
            self._writer.flush()
            self._open_bytes = 0
        self._open_bytes += size_bytes

    # ---- run boundaries

    def _run_begin(self, line: Line, time_ns: int, run: int) -> None:
        given = line["snapshot"]
        lists = {name: given[name] for name in _OP_LISTS}
        ops = self._ops.begin(run, lists, [seg for _, _, seg in given["pending"]])
        self._open_run = run
        self._writer.snapshot(_snapshot(given, ops))
        self._append(_CODES["RUN_BEGIN"], time_ns, run, (_time(line.get("run_until_us")),))
        self.runs += 1

    def _run_end(self, line: Line, time_ns: int, run: int) -> None:
        given = line["snapshot"]
        ops = self._ops.end(self._scope(run), {name: given[name] for name in _OP_LISTS})
        self._open_run = None
        self._writer.snapshot(_snapshot(given, ops))
        self._append(_CODES["RUN_END"], time_ns, run, (NULL, NULL, NULL, NULL))
        self._writer.end_run()

    def _scope(self, run: int) -> int:
        """The run whose ops a line names: the open one, whatever number the line gives itself."""
        return run if self._open_run is None else self._open_run

    # ---- segments

    def _commit(self, line: Line, time_ns: int, run: int) -> None:
        names, get = self._names, line.get
        source = get("source")
        is_chain = source == Source.RESUME_CHAIN
        op = self._ops.commit(self._scope(run), get("op"), is_chain=is_chain, seg=line["seg"])
        values = (
            line["seg"],
            NULL if op is None else op,
            names[line["op_name"]],
            names[line["base"]],
            names[source],
            us_to_ns(line["start_us"]),
            us_to_ns(line["end_us"]),
        )
        self._append(_CODES["COMMIT"], time_ns, run, values, _targets(get("targets")))

    def _op_start(self, line: Line, time_ns: int, run: int) -> None:
        names, get = self._names, line.get
        values = (line["seg"], self._op(run, line), names[get("op_name")], names[get("base")])
        self._append(_CODES["OP_START"], time_ns, run, values)

    def _op_end(self, line: Line, time_ns: int, run: int) -> None:
        names, get = self._names, line.get
        values = (
            line["seg"],
            NULL,
            1 if get("drained") else 0,
            self._op(run, line),
            names[get("op_name")],
            names[get("base")],
        )
        self._append(_CODES["OP_END"], time_ns, run, values, _targets(get("targets")))

    def _cancel(self, line: Line, time_ns: int, run: int) -> None:
        values = (line["seg"], self._names[line["event"]], us_to_ns(line["due_us"]), NULL)
        self._append(_CODES["CANCEL"], time_ns, run, values)

    # ---- suspends

    def _suspended(self, line: Line, time_ns: int, run: int) -> None:
        values = (
            line["die"],
            self._names[line["axis"]],
            self._op(run, line),
            us_to_ns(line["at_us"]),
            _time(line.get("remaining_us")),
            NULL,
        )
        self._append(_CODES["SUSPEND"], time_ns, run, values)

    def _resumed(self, line: Line, time_ns: int, run: int) -> None:
        axis, op = self._names[line["axis"]], self._op(run, line)
        values = (line["die"], axis, op, int(line["ok"]), NULL, NULL, NULL)
        self._append(_CODES["RESUME"], time_ns, run, values)

    # ---- addresses

    def _apply_erase(self, line: Line, time_ns: int, run: int) -> None:
        cells = [(die, block, NULL) for die, block in line["cells"]]
        values = (line["seg"], self._names[line.get("celltype")], NULL)
        self._append(_CODES["APPLY_ERASE"], time_ns, run, values, cells)

    def _apply_pgm(self, line: Line, time_ns: int, run: int) -> None:
        values = (line["seg"], self._names[line.get("celltype")], NULL)
        self._append(_CODES["APPLY_PGM"], time_ns, run, values, line["cells"])

    def _op(self, run: int, line: Line) -> int:
        op = self._ops.op(self._scope(run), line.get("op"), line.get("seg"))
        return NULL if op is None else op


class _NameCodes(dict[str | None, int]):
    """Codes of the strings met so far; raises LineError for one that is no Unicode text."""

    def __init__(self, writer: TraceWriter) -> None:
        super().__init__({None: NULL})
        self._writer = writer

    def forget(self) -> None:
        """The writer's codes may change with every chunk."""
        self.clear()
        self[None] = NULL

    def __missing__(self, name: str) -> int:
        code = self[name] = self._writer.code(plain_text(name, ()))
        return code


def _time(value_us: float | None) -> int:
    return NULL if value_us is None else us_to_ns(value_us)


def _targets(targets: list[list[Any]] | None) -> list[list[Any]]:
    """Targets with null pages as NULL."""
    if not targets:
        return []
    return [[*target[:3], NULL] if target[3] is None else target for target in targets]


def _snapshot(given: dict[str, Any], ops: dict[str, Any]) -> dict[str, Any]:
    """A snapshot with renumbered ops and times in ns; fields of the scheduler's own as they are."""
    own = {name: value for name, value in given.items() if name not in _CONVERTED}
    return {
        **ops,
        "pending": [[us_to_ns(due_us), event, seg] for due_us, event, seg in given["pending"]],
        "addr_state": given["addr_state"],
        **plain_value(own, ("snapshot",)),
    }


def _blame(line: Line, error: ValueError) -> Exception:
    """Name the field whose value the schema can't refuse but a trace can't hold."""
    if isinstance(error, LineError) and error.field:
        return error
    for path, value in _values(line):
        try:
            if isinstance(value, str):
                plain_text(value, path)
            else:
                us_to_ns(value)
        except LineError as found:
            return found
        except ValueError as found:
            return LineError(field_path(path), str(found))
    return error


def _values(line: Line) -> list[tuple[tuple[str | int, ...], Any]]:
    """Times and names of a valid line, with the ways to them."""
    pending = line["snapshot"]["pending"] if "snapshot" in line else []
    return [
        *(
            ((name,), value)
            for name, value in line.items()
            if name in fields_of(line["kind"])
            and value is not None
            and (name.endswith("_us") or isinstance(value, str))
        ),
        *((("snapshot", "pending", index, 0), item[0]) for index, item in enumerate(pending)),
    ]
