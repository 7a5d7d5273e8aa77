"""The commands that write: `commit`, `delete`, `truncate`."""

from __future__ import annotations

from typing import Any

import click

from procdash.cli.options import ProcedureIdType, location_argument
from procdash.cli.wishes import Wishes, planning_options

_KEPT_STEPS = 1

ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True, type=ProcedureIdType())


@click.command()
@location_argument
@ids_argument
@planning_options
@click.pass_context
def commit(ctx: click.Context, /, location: str, ids: tuple[str, ...], **wishes: Any) -> None:
    """Mark procedures as finished, so that no engine resumes them or rolls them back.

    One empty commit key is written above every other key. What a procedure has done so far stays as it is. An ID
    may be shortened to a unique beginning; '-' reads ids from standard input, one a line.
    """
    from procdash.cli.acting import act  # noqa: PLC0415 - what writes loads where something is written

    act(ctx, location, ids, lambda planner, found: planner.plan_commit(found), Wishes(**wishes))


@click.command()
@location_argument
@ids_argument
@click.option("--only", is_flag=True, help="Leave the descendants of a procedure where they are.")
@planning_options
@click.pass_context
def delete(ctx: click.Context, /, location: str, ids: tuple[str, ...], *, only: bool, **wishes: Any) -> None:
    """Remove procedures with every key of them, and all their descendants.

    The removed bytes stay in the journal, so that 'procdash undo' brings them back. An ID may be shortened to a
    unique beginning; '-' reads ids from standard input, one a line.
    """
    from procdash.actions.families import Scope  # noqa: PLC0415 - what writes loads where something is written
    from procdash.cli.acting import act  # noqa: PLC0415 - the same

    scope = Scope.ONLY if only else Scope.FAMILY
    act(ctx, location, ids, lambda planner, found: planner.plan_delete(found, scope), Wishes(**wishes))


@click.command()
@location_argument
@ids_argument
@click.option(
    "--keep", type=click.IntRange(min=0), metavar="N", help=f"Keep the N newest steps; {_KEPT_STEPS} by default."
)
@click.option("--below", type=click.IntRange(min=0), metavar="STEP", help="Remove the steps below STEP.")
@planning_options
@click.pass_context
def truncate(
    ctx: click.Context,
    /,
    location: str,
    ids: tuple[str, ...],
    *,
    keep: int | None,
    below: int | None,
    **wishes: Any,
) -> None:
    """Remove older steps of procedures, never the key that decides.

    An ID may be shortened to a unique beginning; '-' reads ids from standard input, one a line.
    """
    from procdash.actions.planning import Cut  # noqa: PLC0415 - what writes loads where something is written
    from procdash.cli.acting import act  # noqa: PLC0415 - the same

    if keep is not None and below is not None:
        raise click.UsageError("give either --keep or --below, not both")
    cut = Cut(below=below) if below is not None else Cut(keep=_KEPT_STEPS if keep is None else keep)
    act(ctx, location, ids, lambda planner, found: planner.plan_truncate(found, cut), Wishes(**wishes))
