"""`python -m procdash.demo ROOT`: the simulated engine as a process of its own.

It ends when its standard input is closed, so that it never outlives the process that started it, and on SIGTERM
and SIGINT. It says nothing unless it cannot start.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from procdash.demo.adoption import adoptable_ids
from procdash.demo.engine import Engine
from procdash.demo.inline import InlineExecutor
from procdash.store.backends.local import LocalBlob
from procdash.store.errors import ExternalError
from procdash.store.location import find_procedure_root
from procdash.store.procedure_store import ProcedureStore
from procdash.store.state_store import StateStore

_STANDARD_INPUT = 0
_UNREACHABLE = 3


def main() -> int:
    """Run the engine until it is told to end.

    Returns:
        The exit code: 0 when it was ended, 3 where there is no store.
    """
    options = _parser().parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # standard error may be a dashboard's terminal
    try:
        asyncio.run(_serve(options.root, options.rate, options.seed))
    except ExternalError as error:
        sys.stderr.write(f"{error.message}\n")
        return _UNREACHABLE
    return 0


async def _serve(root: Path, rate: float, seed: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(InlineExecutor(max_workers=1))
    running = asyncio.ensure_future(_run(root, rate, seed))
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, running.cancel)
    threading.Thread(target=_cancel_at_end_of_input, args=(loop, running), daemon=True).start()
    with suppress(asyncio.CancelledError):
        await running


async def _run(root: Path, rate: float, seed: int) -> None:
    store_root = find_procedure_root(root)
    store = ProcedureStore(StateStore(LocalBlob(store_root, sync=False)))
    adopted = await adoptable_ids(str(store_root), now=time.time())
    await Engine(store, rate=rate, seed=seed, adopt_ids=adopted).run()


def _cancel_at_end_of_input(loop: asyncio.AbstractEventLoop, running: asyncio.Future[None]) -> None:
    with suppress(OSError):  # there may be no standard input at all
        while os.read(_STANDARD_INPUT, 4_096):
            pass
    with suppress(RuntimeError):  # the loop may have ended meanwhile
        loop.call_soon_threadsafe(running.cancel)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m procdash.demo",
        description="Run a simulated engine on a seeded store, until standard input is closed.",
    )
    parser.add_argument("root", type=Path, help="the directory that holds procedure/")
    parser.add_argument("--rate", type=_rate, default=1.5, help="keys written a second (default: 1.5)")
    parser.add_argument("--seed", type=int, default=0, help="decides what happens (default: 0)")
    return parser


def _rate(text: str) -> float:
    rate = float(text)
    if not rate > 0:
        raise argparse.ArgumentTypeError("a rate must be above zero")
    return rate


if __name__ == "__main__":
    sys.exit(main())
