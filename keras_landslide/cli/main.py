"""`keras-landslide`: find the verb, run it, and turn errors into one clear line."""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import click

from keras_landslide import VERBS
from keras_landslide.cli.verb import HELP
from keras_landslide.errors import LandslideError, did_you_mean
from keras_landslide.runtime.environment import backend_fault
from keras_landslide.version import __version__

LONGEST = 1024
"""Characters of a word of a message that are shown."""
OF_THE_SYSTEM = {
    errno.ENAMETOOLONG: "give a shorter path",
    errno.ELOOP: "its links lead in a circle; give another path",
    errno.EACCES: "give yourself access, or give another path",
    errno.EPERM: "give yourself access, or give another path",
    errno.EROFS: "choose a folder that can be written",
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EFBIG: "raise the file size limit and run again",
    errno.EIO: "the disk or the network failed; check it and run again",
    errno.EMFILE: "raise the limit of open files (ulimit -n) and run again",
    errno.ENFILE: "close other programs and run again",
}
"""What the system refuses to anybody, and what helps: no defect of ours."""


NO_MEMORY = (
    "there is not enough memory; choose a smaller batch, window, patch or network, or close other "
    "programs"
)


class LazyGroup(click.Group):
    """A group that imports a verb's file only when it is called, so that help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order of the work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `cli/<verb>.py` and return its `command`."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"keras_landslide.cli.{cmd_name}")
        return module.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; one that is nearly right is named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            text = error.message.rstrip(".") + did_you_mean(args[0], VERBS)
            raise click.UsageError(text, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings=HELP)
@click.version_option(__version__, prog_name="keras-landslide")
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
@click.option("--quiet", is_flag=True, help="Print errors and warnings alone.")
def cli(debug: bool, quiet: bool) -> None:
    """From rasters of a known basin to a landslide inventory of a new one.

    Exit status: 0 done, 2 wrong input (one line says what), 3 `check` answers no, 1 a defect of
    ours, 130 Ctrl-C.
    """


def main(argv: list[str] | None = None, command: click.Command = cli) -> None:
    """Entry point of the console command, and of scripts with a command of their own."""
    arguments = sys.argv[1:] if argv is None else argv
    debug = "--debug" in arguments
    try:
        # An unset variable of a script: a folder named "" would be this one.
        if any(re.fullmatch(r"(--[\w-]+=)?", each) for each in arguments):
            raise click.UsageError("an argument is empty; give it a value, or leave it out")
        # standalone_mode off: click then raises instead of exiting, and we print one line.
        # --debug and --quiet are taken anywhere on the line, since people add them at the end.
        rest = [each for each in arguments if each not in ("--debug", "--quiet")]
        with _silence("--quiet" in arguments and "--json" not in arguments):
            status = command.main(rest, standalone_mode=False)
        if isinstance(status, int) and status:
            sys.exit(status)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(2)
    except click.ClickException as error:
        print(f"error: {_usage(error)}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        _end_bars()
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(130)
    except LandslideError as error:
        _end_bars()
        if debug:
            traceback.print_exc()
        print(f"error: {_line(str(error))}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        _end_bars()
        if debug:
            traceback.print_exc()
        # Keras names the backend that it could not import, and is not there then.
        backend = os.environ.get("KERAS_BACKEND")
        if backend and backend in str(error) and "keras" not in sys.modules:
            print(f"error: {backend_fault(backend) or error}", file=sys.stderr)
            sys.exit(2)
        if isinstance(error, OSError) and error.errno in OF_THE_SYSTEM:
            where = "" if error.filename is None else f"{error.filename}: "
            reason = (error.strerror or str(error)).lower()
            print(f"error: {_line(where + reason)}; {OF_THE_SYSTEM[error.errno]}", file=sys.stderr)
            sys.exit(2)
        # TensorFlow's own has no common base with Python's.
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            print(f"error: {NO_MEMORY} ({_line(str(error))[:200]})", file=sys.stderr)
            sys.exit(2)
        detail = _line(f"{type(error).__name__}: {error}")
        print(f"error: {detail} (a defect; --debug shows where)", file=sys.stderr)
        sys.exit(1)


@contextmanager
def _silence(wanted: bool) -> Iterator[None]:
    """Keep progress bars and what is printed away, but not errors and warnings."""
    if not wanted:
        yield
        return
    os.environ["KERAS_LANDSLIDE_QUIET"] = "yes"
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        del os.environ["KERAS_LANDSLIDE_QUIET"]


def _end_bars() -> None:
    """End the line of a progress bar that was cut short, if any was ever drawn."""
    if module := sys.modules.get("keras_landslide.runtime.progress"):
        module.close_bars()


def _line(text: str) -> str:
    """A message as one line; a word that is longer than any sensible path is cut short."""
    words = (w if len(w) <= LONGEST else f"{w[:80]}...{w[-80:]}" for w in text.split())
    return " ".join(words)


def _usage(error: click.ClickException) -> str:
    """A wrong command line as one line that says where its help is."""
    text = _line(error.format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{text}; see {context.command_path} --help" if context else text


if __name__ == "__main__":
    main()
