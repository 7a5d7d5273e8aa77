"""The commands that open the dashboard: `open` (the default) and `demo`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click

from procdash.cli.options import LocationType, stuck_after_option
from procdash.live.monitor import Monitor
from procdash.live.opening import open_monitor
from procdash.store.errors import ExternalError

_DEMO_PROCEDURES = 24
_DEMO_RATE = 1.5
_DEMO_SEED = 7


@click.command("open")
@click.argument("location", type=LocationType(), default=".", envvar="PROCDASH_LOCATION")
@stuck_after_option
@click.pass_context
def open_dashboard(ctx: click.Context, location: str, stuck_after: float) -> None:
    """Open the dashboard on LOCATION (the default command; the current directory if none is given)."""
    monitor = open_monitor(location)
    _require_terminal(
        f"  ssh -t HOST procdash {location}     over SSH, ask for a terminal\n"
        f"  procdash list {location}            one look, as a table or with --json\n"
        f"  procdash watch {location}           every change, as JSON lines"
    )
    _run(ctx, monitor, location, stuck_after=stuck_after)


@click.command()
@click.option(
    "--procedures",
    type=click.IntRange(min=1),
    default=_DEMO_PROCEDURES,
    show_default=True,
    help="How many procedures the store begins with.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=_DEMO_RATE,
    show_default=True,
    metavar="WRITES",
    help="How many keys the engine writes a second; 0 leaves the store as it is.",
)
@click.option("--seed", type=int, default=_DEMO_SEED, show_default=True, help="Another seed gives another store.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put the store, which then stays; it must be empty or new. By default a temporary directory.",
)
@click.option("--no-dashboard", is_flag=True, help="Run only the engine, until interrupted; needs no terminal.")
@stuck_after_option
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    procedures: int,
    rate: float,
    seed: int,
    directory: Path | None,
    no_dashboard: bool,
    stuck_after: float,
) -> None:
    """Open the dashboard on a temporary store with a simulated engine at work."""
    if not no_dashboard:
        _require_terminal(
            "  ssh -t HOST procdash demo          over SSH, ask for a terminal\n"
            "  procdash demo --no-dashboard       only the engine; look at its store with 'procdash list'"
        )
    with _demo_store(directory) as root:
        _seed(root, procedures, seed)
        with _engine(root, rate, seed):
            if no_dashboard:
                click.echo(f"The engine works in {root} until you press ctrl+c.", err=True)
                click.echo(str(root))
                _wait_for_interrupt()
            else:
                # What is done to a store that goes with the demo need not be remembered any longer than that.
                journal_file = root / "journal.db" if directory is None else None
                _run(ctx, open_monitor(str(root)), str(root), stuck_after=stuck_after, journal_file=journal_file)


def _require_terminal(instead: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(f"the dashboard needs a terminal, and there is none here. Instead:\n{instead}")


def _run(
    ctx: click.Context, monitor: Monitor, location: str, *, stuck_after: float, journal_file: Path | None = None
) -> None:
    """Show the dashboard until it is quit, and say what is left to do then."""
    from procdash.cli.workplace import why_read_only  # noqa: PLC0415 - rich and the journal load where they are needed
    from procdash.present.sanitise import safe  # noqa: PLC0415

    parting_words = asyncio.run(_show(monitor, location, stuck_after, why_read_only(ctx, location), journal_file))
    if parting_words:
        click.echo(safe(parting_words), err=True)


async def _show(
    monitor: Monitor, location: str, stuck_after: float, why_read_only: str | None, journal_file: Path | None
) -> str:
    from procdash.actions.journal import Journal  # noqa: PLC0415 - the one-shot commands do without
    from procdash.actions.opening import journal_path, open_executor, open_planner  # noqa: PLC0415
    from procdash.tui import ProcdashApp  # noqa: PLC0415 - Textual loads only here

    journal = Journal(journal_file or journal_path())
    planner = open_planner(monitor)
    executor, reason = None, f"read-only: {why_read_only}"
    if why_read_only is None:
        try:
            executor = await open_executor(planner, location, journal)
        except ExternalError as error:
            reason = f"nothing can be written: {error.message}"
    app = ProcdashApp(
        monitor,
        stuck_after=stuck_after,
        read_only=why_read_only is not None,
        planner=planner,
        executor=executor,
        journal=journal,
        read_only_reason=reason,
    )
    try:
        await app.run_async()
    finally:
        await journal.close()
    return app.parting_words


@contextlib.contextmanager
def _demo_store(directory: Path | None) -> Iterator[Path]:
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="procdash-demo-", ignore_cleanup_errors=True) as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise click.UsageError(f"{directory} is not empty; the demo writes only into a directory of its own")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory


def _seed(root: Path, procedures: int, seed: int) -> None:
    from procdash.demo import seed_store  # noqa: PLC0415 - only the demo needs it

    with click.progressbar(
        length=procedures, label="Making a store", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        seed_store(
            root,
            procedures=procedures,
            seed=seed,
            now=time.time(),
            on_progress=lambda done, _: bar.update(done - bar.pos),
        )


@contextlib.contextmanager
def _engine(root: Path, rate: float, seed: int) -> Iterator[None]:
    """A simulated engine in a process of its own, which ends with this one."""
    if not rate:
        yield
        return
    command = [sys.executable, "-m", "procdash.demo", os.fspath(root), "--rate", str(rate), "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - ourselves
        try:
            yield
        finally:
            process.terminate()


def _wait_for_interrupt() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
