"""A verb: `-h`, groups of options, an example, and flags in the messages of the library."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from keras_landslide.errors import LandslideError, LandslideWarning

HELP = {"help_option_names": ["-h", "--help"]}


class Verb(click.Command):
    """A command whose errors name flags where the library's name parameters.

    Args:
        example: a command line that shows it at work, without the program's name.
    """

    def __init__(self, *arguments: Any, example: str = "", **named: Any):
        named.setdefault("context_settings", HELP)
        super().__init__(*arguments, **named)
        self.example = example

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", LandslideWarning)
            plain = warnings.showwarning

            def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
                if issubclass(category, LandslideWarning):
                    click.echo(f"warning: {with_flags(str(message), self)}", err=True)
                else:
                    plain(message, category, *where, **more)

            warnings.showwarning = show  # type: ignore[assignment]
            try:
                return super().invoke(ctx)
            except LandslideError as error:
                error.args = (with_flags(str(error), self),)
                raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options by the group that they belong to."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            record = None if isinstance(each, click.Argument) else each.get_help_record(ctx)
            if record is not None:
                told = (record[0], with_flags(record[1], self))
                groups.setdefault(getattr(each, "group", "Options"), []).append(told)
        for title, records in sorted(groups.items(), key=lambda item: item[0] != "Options"):
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the example."""
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example"):
                formatter.write_text(f"{ctx.command_path} {self.example}")


def with_flags(message: str, command: click.Command) -> str:
    """A message of the library with the flags of a command in the place of parameters.

    "choose a smaller `size`" becomes "choose a smaller --size". Names that are no parameter of the
    command stay as they are.
    """
    flags: dict[str, str] = {}
    for each in command.params:
        if isinstance(each, click.Argument):
            flags[each.name or ""] = each.make_metavar(click.Context(command))
        else:
            flags[each.name or ""] = max(each.opts, key=len)
    return re.sub(r"`(\w+)`", lambda found: flags.get(found[1], found[0]), message)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--json` of a verb that prints numbers."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print the numbers as JSON, and nothing else."
    )(command)


def print_json(numbers: Mapping[str, Any], paths: Mapping[str, Path] | None = None) -> None:
    """Print numbers, and the paths that were written under `files`."""
    told = dict(numbers)
    if paths is not None:
        told["files"] = [str(path) for path in paths.values()]
    click.echo(json.dumps(told, indent=1, default=str))
