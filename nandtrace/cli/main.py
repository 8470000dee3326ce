"""The command line: one module a command, loaded only when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from nandtrace.cli.exits import exit_code_of, is_output_error

COMMANDS = {
    "record": "Run the NAND scheduler, a graph or work orders, and record what happens.",
    "verify": "Check traces against the invariants.",
    "replay": "Execute a recording again and compare.",
    "diff": "Show where two traces first differ.",
    "golden": "Guard recordings in a repository.",
    "campaign": "Record and verify many traces, here or on a cluster.",
    "shrink": "Find the smallest recording that violates the same invariant.",
    "coverage": "Show what a set of traces exercised.",
    "selftest": "Prove that the checker finds what is wrong.",
    "explain": "Show what an invariant means, and how its violation looks.",
    "import": "Turn a scheduler's JSON-lines log into a trace.",
    "export": "Write a trace as CSV.",
    "info": "Show what a trace holds.",
    "cat": "Print a trace as text.",
    "recover": "Save the intact part of a damaged trace.",
}
"""Commands with their one line of help; a command lives in the module of its name."""


class _ReaderGone(Exception):  # noqa: N818 - no error: whoever read our output has had enough
    """Stands for BrokenPipeError, which Click would turn into exit code 1, and so into a difference."""


class LazyGroup(click.Group):
    """A group whose commands are imported when called, so that --help imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click calls it so
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"nandtrace.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click calls it so
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nandtrace")
def nandtrace() -> None:
    """Record what a scheduler does, completely, and prove from the record whether it was right.

    Exit codes: 0 clean or same; 1 violated or different; 2 usage; 3 an input is unreadable or
    incomplete.
    """


def main(arguments: list[str] | None = None) -> None:
    """Entry point: maps every outcome to an exit code; no traceback reaches a user."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    if sys.stdout is None:
        # Closed by whoever called: there is nobody to write to.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - likewise
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal can't show must not end the report of it.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result: Any = nandtrace.main(args=arguments, prog_name="nandtrace", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, _ReaderGone):
        # The reader of our output is gone; nothing is left to say, and nothing may be said to it.
        _silence_stdout()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if is_output_error(error):
            _silence_stdout()
        return exit_code_of(error)
    return result if isinstance(result, int) else 0


def _silence_stdout() -> None:
    """What is still buffered goes nowhere: the interpreter would try it once more, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
