"""Shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that teaches SHELL to complete procdash.

    \b
    bash: eval "$(procdash completion bash)"     in ~/.bashrc
    zsh:  eval "$(procdash completion zsh)"      in ~/.zshrc
    fish: procdash completion fish > ~/.config/fish/completions/procdash.fish
    """  # noqa: D301 - click reads the backspace as: keep these lines
    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"no completion for {shell}")
    root = ctx.find_root()
    click.echo(completer(root.command, {}, "procdash", "_PROCDASH_COMPLETE").source())
