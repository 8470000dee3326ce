"""Run a campaign, or resume one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nandtrace.campaign.engine import Engine
from nandtrace.campaign.engines import LOCAL, make_engine
from nandtrace.campaign.folder import Folder
from nandtrace.campaign.journal import Journal
from nandtrace.campaign.loading import load_campaign
from nandtrace.campaign.model import CellState, Limits
from nandtrace.campaign.plan import make_plan
from nandtrace.campaign.recovery import finish_trace
from nandtrace.campaign.scheduler_trace import keep_trace
from nandtrace.campaign.scheduling import scheduler_config
from nandtrace.campaign.session import Progress, Session
from nandtrace.campaign.status import CampaignStatus, read_status
from nandtrace.campaign.stopping import StopRequest, stopped_by_signals
from nandtrace.errors import NandtraceError, UsageError

_RETRIED = (CellState.FAILED, CellState.UNKNOWN)

Told = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """How a call ended: the whole campaign's status, and what this session did of it."""

    status: CampaignStatus
    was_interrupted: bool
    settled_now: int
    seconds: float


def default_folder(file: Path) -> Path:
    """Where the results of a campaign file go: a folder of its name in the working directory."""
    return Path(file.stem)


def run_campaign(
    file: Path,
    out: Path | None = None,
    *,
    engine: str = LOCAL,
    scheduler: str | None = None,
    slots: int | None = None,
    told: Told | None = None,
    stop: StopRequest | None = None,
) -> CampaignSummary:
    """Begin the campaign of a file in the folder `out`, and run it.

    `slots` replaces the file's. `told` is called at every change. An interrupt ends it in order, as `stop`
    does: no cell begins any more, those that run may end within the grace period, and the summary says so.
    Raises UsageError for a wrong file, folder or engine, before anything is written. StorageError where the
    disk takes no more, and UsageError where a cluster can't be reached, come later: then the campaign is
    begun, and `resume_campaign` goes on.
    """
    plan = make_plan(load_campaign(file), slots)
    folder = Folder(default_folder(file) if out is None else out)
    runner = make_engine(engine, scheduler)
    _check_limits(runner, plan.limits, file)
    call = _Call(folder, runner, told, stop)
    with folder.begun(plan):
        call.run()
    return call.summary()


def resume_campaign(
    out: Path,
    *,
    retry_failed: bool = False,
    engine: str = LOCAL,
    scheduler: str | None = None,
    slots: int | None = None,
    told: Told | None = None,
    stop: StopRequest | None = None,
) -> CampaignSummary:
    """Go on with the campaign in a folder; like `run_campaign`.

    With `retry_failed` cells that failed or could not be judged are pending again. `slots` holds from now
    on, where anything is left to do. Raises UsageError where no campaign is there, or it runs, or no cell
    would ever begin, InputError for a journal that can't be read.
    """
    folder = Folder(out)
    folder.check_campaign()
    runner = make_engine(engine, scheduler)
    call = _Call(folder, runner, told, stop)
    with folder.resumed():
        call.prepare(slots, retry_failed=retry_failed)
        call.run()
    return call.summary()


def _check_limits(engine: Engine, limits: Limits, place: Path) -> None:
    try:
        engine.check(limits)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from error


class _Call:
    """One call. All but the summary needs the folder to be held."""

    def __init__(
        self, folder: Folder, engine: Engine, told: Told | None, stop: StopRequest | None
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._told = told or (lambda _: None)
        self._stop = stop or StopRequest()
        self._settled_now = 0
        self._seconds = 0.0

    def prepare(self, slots: int | None, *, retry_failed: bool) -> None:
        """Change what a resume changes. Raises UsageError where what is left can't be done here."""
        with Journal.open(self._folder.journal) as journal:
            todo = (CellState.PENDING, *(_RETRIED if retry_failed else ()))
            counts = journal.counts()
            if not any(counts[state] for state in todo):
                return
            _check_limits(self._engine, journal.limits, self._folder.root)
            if slots is not None and slots != journal.limits.slots:
                self._change_slots(journal, slots)
            if retry_failed:
                journal.forget(_RETRIED)

    def _change_slots(self, journal: Journal, slots: int) -> None:
        before = journal.limits
        after = replace(before, slots=slots)
        # Raises for a number that makes no sense.
        scheduler_config(after)
        # A trace has one number of slots.
        self._finish_trace(journal)
        keep_trace(self._folder.scheduler_trace)
        journal.set_limits(after)

    def run(self) -> None:
        """Have the engine run what is pending."""
        with Journal.open(self._folder.journal) as journal, stopped_by_signals(self._stop):
            if journal.counts()[CellState.PENDING]:
                self._run_session(journal)
            # What a session that died has left, where none came after it.
            self._finish_trace(journal)
            self._folder.remove_work()

    def _finish_trace(self, journal: Journal) -> None:
        config, name = scheduler_config(journal.limits), journal.fact("name")
        finish_trace(self._folder.scheduler_trace, config, name, journal.cell)

    def _run_session(self, journal: Journal) -> None:
        number = journal.begin_session(self._engine.name)
        try:
            with self._folder.scratch(number) as scratch:
                session = Session(
                    self._folder,
                    journal,
                    number,
                    scratch=scratch,
                    stop=self._stop,
                    told=self._told,
                )
                session.tell()
                self._engine.run(session)
        except BaseException:
            # On a disk that is full this fails too, and what came first is what matters.
            with suppress(NandtraceError):
                journal.end_session(number, "error")
            raise
        is_done = not journal.counts()[CellState.PENDING]
        journal.end_session(number, "finished" if is_done else "interrupted")
        self._settled_now, self._seconds = session.settled_now, session.seconds

    def summary(self) -> CampaignSummary:
        """How it ended, once the folder is free again."""
        status = read_status(self._folder.root)
        was_interrupted = self._stop.is_requested and not status.is_finished
        return CampaignSummary(status, was_interrupted, self._settled_now, self._seconds)
