"""What a writing command works with: the journal, one store, and the loop that both are used in."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from procdash.actions.entries import Entry, EntryState, JournalError
from procdash.actions.executor import Executor
from procdash.actions.journal import Journal
from procdash.actions.opening import journal_path, open_executor, open_planner
from procdash.actions.outcomes import Report
from procdash.actions.target_writer import Pace
from procdash.cli.options import configuration_of, settings_of
from procdash.cli.procedures import read_with_progress
from procdash.live.opening import open_monitor
from procdash.present.action_words import counted
from procdash.present.sanitise import safe
from procdash.store.errors import Determinate, ExternalError

_Result = TypeVar("_Result")
_SHORT_PLAN = 50
"""So many ops are over before anybody would look at a progress bar."""


class Session:
    """One call of procdash that uses the journal.

    Between two runs of the loop, ctrl+c ends a question at once; during one it cancels what is run.

    Args:
        runner: the loop.
        journal: the user's journal.
    """

    def __init__(self, runner: asyncio.Runner, journal: Journal) -> None:
        self.journal = journal
        """The user's journal."""
        self._runner = runner

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine in the one loop of this call."""
        return self._runner.run(coroutine)

    async def interrupted_entries(self, location: str | None = None) -> list[Entry]:
        """The entries that were interrupted and neither resumed nor undone, the newest first.

        Args:
            location: only those about this place.

        Raises:
            JournalError: if the journal cannot be read.
        """
        begun = await self.journal.entries(location, state=EntryState.APPLYING)
        return [entry for entry in begun if entry.is_resumable and not await self.journal.is_held(entry.number)]


@contextlib.contextmanager
def open_session() -> Iterator[Session]:
    """Open the journal; what is wrong with it is said in words."""
    with asyncio.Runner() as runner:
        journal = Journal(journal_path())
        try:
            yield Session(runner, journal)
        except JournalError as error:
            raise click.ClickException(safe(str(error))) from error
        finally:
            runner.run(journal.close())


class Workplace:
    """One store that was read, and the ability to write to it.

    Args:
        session: this call of procdash.
        location: a path or URL.

    Raises:
        ExternalError: if the store cannot be read.
    """

    def __init__(self, session: Session, location: str) -> None:
        self.session = session
        """This call of procdash."""
        self.monitor = open_monitor(location)
        """The picture of the store."""
        session.run(read_with_progress(self.monitor))
        self.planner = open_planner(self.monitor)
        """Plans actions on the store."""
        self._location = location

    def warn_of_interrupted(self, *, is_dry_run: bool, besides: int | None = None) -> None:
        """Say on standard error that an entry about this store was interrupted, where one was.

        Args:
            is_dry_run: whether nothing is going to be written, so that the journal is not needed.
            besides: the number of an entry that needs no word.

        Raises:
            JournalError: if the journal cannot be read, and is needed.
        """
        try:
            entries = self.session.run(self.session.interrupted_entries(self.planner.location))
        except JournalError:
            if is_dry_run:
                return
            raise
        entries = [entry for entry in entries if entry.number != besides]
        if entries:
            number = entries[0].number
            others = f" (and {counted(len(entries) - 1, 'older one')})" if len(entries) > 1 else ""
            click.echo(f"Entry {number} of the journal{others} was interrupted: {_what_to_do(number)}.", err=True)

    def execute(
        self,
        begin: Callable[[Executor, Pace], Awaitable[Report]],
        *,
        op_count: int,
        ops_per_second: float | None,
        resumes: int | None = None,
    ) -> Report:
        """Apply a plan, with a progress bar where there is somebody to look at it.

        Args:
            begin: applies it.
            op_count: how many ops there are.
            ops_per_second: at most so many ops a second.
            resumes: the number of the entry that is resumed, where one is.

        Raises:
            JournalError: if the journal cannot be written: then nothing was written to the store.
            ExternalError: if the store cannot be read: then nothing was written either.
            KeyboardInterrupt: if the user ended it; what is left can be resumed, which is said on standard error.
        """
        hidden = op_count <= _SHORT_PLAN or not sys.stderr.isatty()
        with click.progressbar(length=op_count, label="Writing", file=sys.stderr, hidden=hidden) as bar:
            pace = Pace(ops_per_second, on_progress=lambda done, _: bar.update(done - bar.pos))
            try:
                return self.session.run(self._execute(begin, pace, resumes))
            except JournalError as error:
                raise JournalError(f"{error}; nothing was written to the store") from error
            except ExternalError as error:
                raise Determinate(f"{error.message}; nothing was written") from error

    async def _execute(
        self, begin: Callable[[Executor, Pace], Awaitable[Report]], pace: Pace, resumes: int | None
    ) -> Report:
        executor = await open_executor(self.planner, self._location, self.session.journal)
        journal = self.session.journal
        newest = await self._newest_entry()
        first = resumes or (1 if newest is None else newest.number + 1)
        try:
            return await begin(executor, pace)
        except asyncio.CancelledError:
            entry = await (self._newest_entry() if resumes is None else journal.entry(resumes))
            if entry is not None and entry.number < first:
                entry = None
            ops_done = frozenset() if entry is None else await journal.ops_done(entry.number)
            click.echo(f"\n{_how_interrupted(entry, len(ops_done))}", err=True)
            raise

    async def _newest_entry(self) -> Entry | None:
        return next(iter(await self.session.journal.entries(self.planner.location, limit=1)), None)


def why_read_only(ctx: click.Context, location: str | None) -> str | None:
    """Who took away the right to write to a location, in words; None where it may be written to."""
    settings = settings_of(ctx, location)
    if not settings.read_only:
        return None
    source = ctx.find_root().get_parameter_source("read_only")
    name = settings.location_name
    if source is ParameterSource.COMMANDLINE:
        return "--read-only was given"
    if source is ParameterSource.ENVIRONMENT:
        return "PROCDASH_READ_ONLY is set in the environment"
    if name is not None and configuration_of(ctx).locations[name].read_only:
        return f"the configuration says so for {safe(name)!r}"
    return "the configuration says so for every location"


def refuse_where_read_only(ctx: click.Context, location: str) -> None:
    """See that a location may be written to.

    Raises:
        click.ClickException: if not; the text says who took that away.
    """
    who = why_read_only(ctx, location)
    if who is not None:
        raise click.ClickException(
            f"read-only: {who}, so nothing is written. 'procdash --read-write …' writes all the same, "
            "and --dry-run shows the plan."
        )


def is_same_place(location: str, other: str) -> bool:
    """Whether two locations, as the journal has them, are one place."""
    with contextlib.suppress(OSError, ValueError):
        return location == other or Path(location).samefile(other)
    return False


def _how_interrupted(entry: Entry | None, ops_done: int) -> str:
    if entry is None or entry.state in (EntryState.PREPARING, EntryState.NOTHING_DONE):
        return "Interrupted; nothing was written."
    if not entry.is_resumable:
        return f"Interrupted when all was written: entry {entry.number} is done."
    how_far = f"{ops_done} of {counted(len(entry.plan.ops), 'op')}"
    return f"Interrupted after {how_far} of entry {entry.number}: {_what_to_do(entry.number)}."


def _what_to_do(number: int) -> str:
    return f"'procdash journal resume {number}' does what is left of it, 'procdash undo {number}' takes it back"
