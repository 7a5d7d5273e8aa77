"""The command line: one dashboard, and one-shot commands that need no terminal.

Nothing here imports Textual until the dashboard itself is opened.
"""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from procdash import __version__
from procdash.cli.completion import completion
from procdash.cli.dashboard import demo, open_dashboard
from procdash.cli.options import location_names
from procdash.cli.reading import list_procedures, show, watch
from procdash.store.errors import ExternalError

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_INTERRUPTED = 130


class DashboardGroup(click.Group):
    """A group whose default command opens the dashboard: `procdash LOCATION` is `procdash open LOCATION`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Pass an option that only the default command knows on to it."""
        own = {
            spelling: isinstance(parameter, click.Option) and not parameter.is_flag
            for parameter in self.get_params(ctx)
            for spelling in (*parameter.opts, *parameter.secondary_opts)
        }
        position = 0
        while position < len(args) and args[position].startswith("-"):
            option, equals_sign, _ = args[position].partition("=")
            if option not in own:
                args = [*args[:position], "open", *args[position:]]
                break
            takes_next = own[option] and not equals_sign
            position += 2 if takes_next else 1
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command as a location."""
        word = args[0]
        if self.get_command(ctx, word) is None:
            names = location_names(ctx)
            meant = get_close_matches(word, [*self.list_commands(ctx), *names], n=1)
            is_known = word in names or os.path.exists(word)  # noqa: PTH110 - a plain question
            if meant and not is_known and not ctx.resilient_parsing:
                ctx.fail(
                    f"No such command or directory {word!r}. Did you mean 'procdash {meant[0]}'? "
                    f"For a location of that name write './{word}'."
                )
            args = ["open", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and the configured locations, which the default command takes."""
        names = [CompletionItem(name) for name in location_names(ctx) if name.startswith(incomplete)]
        return [*super().shell_complete(ctx, incomplete), *names]


@click.group(
    cls=DashboardGroup,
    invoke_without_command=True,
    subcommand_metavar="[LOCATION | COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "PROCDASH"},
)
@click.version_option(__version__, "-V", "--version", prog_name="procdash")
@click.option(
    "--read-only/--read-write",
    default=None,
    show_envvar=True,
    help="Take every write away, whatever the command, or give it back where the configuration takes it away.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    show_envvar=True,
    help="The configuration to go by, instead of ~/.config/procdash/config.toml.",
)
@click.pass_context
def cli(ctx: click.Context, *, read_only: bool | None, config: Path | None) -> None:
    """Watch the place where an engine persists its procedures.

    LOCATION is a directory (the one that holds procedure/, that directory itself, or a data home), a URL such as
    file:///var/lib/db, or a name from the configuration. Without a command, the dashboard opens.

    \b
    procdash demo               a live store to play with
    procdash /var/lib/db        the dashboard
    procdash list /var/lib/db   one look, as a table; --json for programs
    procdash watch /var/lib/db  every change, as JSON lines

    The configuration is TOML, and procdash never writes it. With this one, 'procdash prod' opens that directory:

    \b
    [locations.prod]
    url = "/var/lib/db"
    read_only = true

    An option wins over its environment variable, and both over the file.
    """  # noqa: D301 - click reads the backspace as: keep these lines
    del read_only, config  # each command asks what holds for its location
    if ctx.invoked_subcommand is None:
        with open_dashboard.make_context("open", [], parent=ctx) as own_context:
            open_dashboard.invoke(own_context)


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
