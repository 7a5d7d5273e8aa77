"""The command line: one dashboard, and one-shot commands that need no terminal.

Nothing here imports Textual until the dashboard itself is opened.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from procdash import __version__
from procdash.cli.completion import completion
from procdash.cli.dashboard import demo, open_dashboard
from procdash.cli.exit_codes import ExitCode
from procdash.cli.groups import DefaultGroup
from procdash.cli.journaling import journal, undo
from procdash.cli.reading import list_procedures, show, watch
from procdash.cli.writing import commit, delete, truncate
from procdash.store.errors import ExternalError


@click.group(
    cls=DefaultGroup,
    default=open_dashboard.name,
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
def cli(*, read_only: bool | None, config: Path | None) -> None:
    """Watch the place where an engine persists its procedures.

    LOCATION is a directory (the one that holds procedure/, that directory itself, or a data home), a URL such as
    file:///var/lib/db, or a name from the configuration. Without a command, the dashboard opens.

    \b
    procdash demo                    a live store to play with
    procdash /var/lib/db             the dashboard
    procdash list /var/lib/db        one look, as a table; --json for programs
    procdash watch /var/lib/db       every change, as JSON lines
    procdash delete /var/lib/db ID   shows a plan and asks; so do commit and truncate
    procdash undo                    takes the last one back

    The configuration is TOML, and procdash never writes it. With this one, 'procdash prod' opens that directory:

    \b
    [locations.prod]
    url = "/var/lib/db"
    read_only = true

    An option wins over its environment variable, and both over the file.
    """  # noqa: D301 - click reads the backspace as: keep these lines
    del read_only, config  # each command asks what holds for its location


for command in (
    open_dashboard,
    list_procedures,
    show,
    watch,
    commit,
    delete,
    truncate,
    undo,
    journal,
    demo,
    completion,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that the design gives to each outcome."""
    try:
        code = cli.main(prog_name="procdash", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = ExitCode.INTERRUPTED
    except ExternalError as error:
        click.echo(f"procdash: {error.message}", err=True)
        code = ExitCode.UNREACHABLE
    sys.exit(code if isinstance(code, int) else 0)
