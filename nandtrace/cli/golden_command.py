"""`nandtrace golden`: recordings that a repository keeps, to see what a commit changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from nandtrace.cli import golden_work
from nandtrace.cli.exits import Exit
from nandtrace.cli.golden_files import only_reads, places_of, unreferenced
from nandtrace.cli.golden_kinds import Golden
from nandtrace.cli.golden_manifest import MANIFEST, load_manifest
from nandtrace.cli.golden_work import GoldenState
from nandtrace.cli.results import EXIT_OF_RESULT
from nandtrace.cli.status_line import status_line
from nandtrace.diff import compare
from nandtrace.errors import UsageError
from nandtrace.report.diff import diff_json, diff_lines
from nandtrace.report.plain import json_line

_dir = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("golden"),
    show_default=True,
    help="The folder with manifest.yaml.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_names = click.argument("names", metavar="[NAME...]", nargs=-1)
_all = click.option("--all", "everything", is_flag=True, help="Every golden of the manifest.")
_LOOKS_ALL_OVER = ("check", "status")


@click.group("golden")
def command() -> None:
    """Guard recordings in a repository: golden/manifest.yaml says how each is made and must come out.

    Exit codes: 0 all as it must be; 1 something differs; 2 usage, or a wrong manifest, profile, graph or
    scenario;
    3 a trace is unreadable or can't be written.
    """


@command.command("check", short_help="Record goldens anew and compare.")
@_names
@_dir
@_json
def check(names: tuple[str, ...], folder: Path, as_json: bool) -> int:
    """Record goldens anew, by default all, and compare.

    Fails where digest, verdict or text companion of a golden is another one, where it is missing, and
    where a file belongs to no golden. What was recorded and differs is written to NAME.mpk.new beside
    the golden; with CI=true in the environment nothing is written.
    """
    return _each("check", names, folder, as_json, golden_work.check_golden)


@command.command("status", short_help="Show what is missing or waits.")
@_names
@_dir
@_json
def status(names: tuple[str, ...], folder: Path, as_json: bool) -> int:
    """Show which goldens are missing, or wait to be accepted; nothing is recorded."""
    return _each("status", names, folder, as_json, golden_work.status_of)


@command.command("diff", short_help="Show what differs in a golden recorded anew.")
@click.argument("name")
@_dir
@_json
def diff(name: str, folder: Path, as_json: bool) -> int:
    """Show where a golden (A) and its NAME.mpk.new (B) first differ; without one it is recorded."""
    (golden,) = _selected((name,), folder)
    places = places_of(folder, golden.name)
    waits = places.new.exists()
    with nullcontext(places.new) if waits else golden_work.recorded(golden) as new:
        return _show_diff(places.trace, new, str(places.new) if waits else "recorded now", as_json)


@command.command("accept", short_help="Make what was recorded the golden.")
@_names
@_all
@_dir
@_json
def accept(names: tuple[str, ...], everything: bool, folder: Path, as_json: bool) -> int:
    """Make NAME.mpk.new the golden, or what is recorded now, and write its text companion.

    A trace whose verdict is not the one of the manifest is not accepted.
    """
    _check_may_write("accept", names, everything)
    return _each("accept", names, folder, as_json, golden_work.accept_golden)


@command.command("reject", short_help="Remove what was recorded anew.")
@_names
@_all
@_dir
@_json
def reject(names: tuple[str, ...], everything: bool, folder: Path, as_json: bool) -> int:
    """Remove NAME.mpk.new; with --all, all that wait."""
    _check_may_write("reject", names, everything)
    if everything:
        goldens = _selected((), folder)
        names = tuple(item.name for item in goldens if places_of(folder, item.name).new.exists())
        if not names:
            return _report("reject", [], [], as_json)
    return _each("reject", names, folder, as_json, golden_work.reject_golden)


def _check_may_write(verb: str, names: tuple[str, ...], everything: bool) -> None:
    if bool(names) == everything:
        raise UsageError(f"golden {verb}: name goldens, or give --all")
    if only_reads():
        raise UsageError(f"golden {verb}: CI=true, and then nothing is written")


def _selected(names: tuple[str, ...], folder: Path) -> list[Golden]:
    """The goldens of these names, or all, in the manifest's order. Raises UsageError."""
    goldens = load_manifest(folder)
    known = {golden.name for golden in goldens}
    for name in names:
        if name not in known:
            raise UsageError(f"{folder / MANIFEST}: there is no golden {name!r}")
    return [golden for golden in goldens if not names or golden.name in names]


def _each(
    verb: str,
    names: tuple[str, ...],
    folder: Path,
    as_json: bool,
    work: Callable[[Path, Golden], GoldenState],
) -> int:
    """Do the work on each golden and report; a check of all also looks for files of no golden."""
    goldens = _selected(names, folder)
    with _progress(verb, len(goldens)) as told:
        states = []
        for golden in goldens:
            states.append(work(folder, golden))
            told(len(states))
    strays = unreferenced(folder, goldens) if verb in _LOOKS_ALL_OVER and not names else []
    return _report(verb, states, strays, as_json)


def _report(verb: str, states: list[GoldenState], strays: list[str], as_json: bool) -> int:
    if as_json:
        click.echo(json_line(_to_json(verb, states, strays)))
    else:
        for line in _lines(verb, states, strays):
            click.echo(line)
    clean = not strays and not any(state.problems for state in states)
    return Exit.CLEAN if clean else Exit.VIOLATED


def _lines(verb: str, states: list[GoldenState], strays: list[str]) -> Iterator[str]:
    for state in states:
        yield f"{'✗' if state.problems else '✓'} {state.name}"
        for problem in state.problems:
            yield f"    {problem}"
    for stray in strays:
        yield f"✗ {stray}"
        yield "    it belongs to no golden of the manifest"
    wrong = sum(len(state.problems) > 0 for state in states) + len(strays)
    yield f"golden {verb}: {_counted(len(states), 'golden')}, {_counted(wrong, 'problem')}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _to_json(verb: str, states: list[GoldenState], strays: list[str]) -> dict[str, Any]:
    return {
        "version": 1,
        "command": verb,
        "goldens": [
            {
                "name": state.name,
                "ok": not state.problems,
                "problems": state.problems,
                "digest": state.digest,
                "new_digest": state.new_digest,
                "verdict": state.verdict,
                "expected": state.expected,
            }
            for state in states
        ],
        "unreferenced": strays,
    }


def _show_diff(golden: Path, new: Path, label: str, as_json: bool) -> int:
    found = compare(golden, new, (str(golden), label))
    if as_json:
        click.echo(json_line(diff_json(found)))
    else:
        for line in diff_lines(found):
            click.echo(line)
    return EXIT_OF_RESULT[found.result]


@contextmanager
def _progress(verb: str, goldens: int) -> Iterator[Callable[[int], None]]:
    """On a terminal, how many goldens are done; elsewhere nothing."""
    with status_line(f"golden {verb}") as show:
        yield lambda done: show and show(f"golden {verb}: {done} of {goldens}")
