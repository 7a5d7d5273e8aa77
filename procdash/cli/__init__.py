"""The command line: one dashboard, and one-shot commands that need no terminal.

Nothing here imports Textual until the dashboard itself is opened.
"""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches

import click

from procdash import __version__
from procdash.cli.completion import completion
from procdash.cli.dashboard import demo, open_dashboard
from procdash.cli.reading import list_procedures, show, watch
from procdash.store.errors import ExternalError

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_INTERRUPTED = 130


class DashboardGroup(click.Group):
    """A group whose default command opens the dashboard: `procdash LOCATION` is `procdash open LOCATION`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Pass an option that only the default command knows on to it."""
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if args and args[0].startswith("-") and args[0].partition("=")[0] not in own:
            args = ["open", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command as a location."""
        word = args[0]
        if self.get_command(ctx, word) is None:
            meant = get_close_matches(word, self.list_commands(ctx), n=1)
            if meant and not os.path.exists(word):  # noqa: PTH110 - a plain question
                ctx.fail(
                    f"No such command or directory {word!r}. Did you mean 'procdash {meant[0]}'? "
                    f"For a location of that name write './{word}'."
                )
            args = ["open", *args]
        return super().resolve_command(ctx, args)


@click.group(
    cls=DashboardGroup,
    invoke_without_command=True,
    subcommand_metavar="[LOCATION | COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "PROCDASH"},
)
@click.version_option(__version__, "-V", "--version", prog_name="procdash")
@click.option("--read-only", is_flag=True, help="Take every write away, whatever the command.")
@click.pass_context
def cli(ctx: click.Context, *, read_only: bool) -> None:
    """Watch the place where an engine persists its procedures.

    LOCATION is a directory (the one that holds procedure/, that directory itself, or a data home) or a URL such as
    file:///var/lib/db. Without a command, the dashboard opens.

    \b
    procdash demo               a live store to play with
    procdash /var/lib/db        the dashboard
    procdash list /var/lib/db   one look, as a table; --json for programs
    procdash watch /var/lib/db  every change, as JSON lines
    """  # noqa: D301 - click reads the backspace as: keep these lines
    ctx.obj = {"read_only": read_only}
    if ctx.invoked_subcommand is None:
        ctx.invoke(open_dashboard)


for command in (open_dashboard, list_procedures, show, watch, demo, completion):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that the design gives to each outcome."""
    try:
        code = cli.main(prog_name="procdash", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except ExternalError as error:
        click.echo(f"procdash: {error.message}", err=True)
        code = EXIT_UNREACHABLE
    sys.exit(code if isinstance(code, int) else 0)
