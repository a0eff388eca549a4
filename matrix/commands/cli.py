"""The command line `tls-matrix`: puts the commands together and says what no command does twice.

A command's module is imported when the command is asked for: to import all takes longer than most do their
work.
"""

import errno
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated

import typer
from typer._click.core import Command, Context  # typer offers them nowhere else
from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer.core import TyperGroup
from typer.main import get_command, get_group

from matrix.commands.bash_words import joined_words
from matrix.commands.examples import epilog
from matrix.commands.interrupts import raise_again
from matrix.commands.streams import open_streams, write_nowhere
from matrix.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_USAGE
from matrix.garbage import look_seldom

NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
COMMANDS: Mapping[str, str] = {
    "run": "run",
    "list": "list_what",
    "compare": "compare",
    "connect": "connect",
    "explain": "explain",
    "serve": "serve",
    "diagnose": "diagnose",
    "remedies": "remedies",
    "report": "report",
    "twin": "twin",
    "history": "application",
    "test": "test",
    "hello": "application",
    "keys": "application",
    "stacks": "application",
    "images": "application",
}
"""What of the module of that name is the command: a function, or an application with commands of its own."""


class Commands(TyperGroup):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Their names, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """One of them; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"matrix.commands.{cmd_name}")
        raise_again()
        found = getattr(module, COMMANDS[cmd_name])
        if isinstance(found, typer.Typer):
            command: Command = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command(context_settings=getattr(module, "CONTEXT_SETTINGS", None))(found)
            command = get_command(alone)
        command.name = cmd_name
        command.epilog = epilog(cmd_name) or epilog(f"{cmd_name} show")
        for name, each in getattr(command, "commands", {}).items():
            each.epilog = epilog(f"{cmd_name} {name}")
        return command


application = typer.Typer(
    name="tls-matrix",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Show which TLS clients can connect to a server, why others fail, and what a patch changes.",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from matrix.results.environment import tool_version  # imports what --help does not need

        print(f"tls-matrix {tool_version()}")
        raise typer.Exit


@application.callback()
def tls_matrix(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Show which TLS clients can connect to a server, why others fail, and what a patch changes."""
    del version


def main() -> None:
    """Run the command that was asked for; what is wrong with it is one line, an interrupt no traceback."""
    look_seldom()
    open_streams()
    try:
        with joined_words():
            status = application(prog_name="tls-matrix", standalone_mode=False)
        sys.stdout.flush()
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "tls-matrix"
        said = " ".join(error.format_message().replace("Value error, ", "").split())
        _tell(f"tls-matrix: {said} (see `{command} --help`)")
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if error.filename is not None or error.errno not in NOT_WRITABLE:
            raise
        _tell(f"tls-matrix: standard output cannot be written ({error.strerror})")
        write_nowhere(sys.stdout.fileno())
        sys.exit(EXIT_HARNESS)
    sys.exit(status)


def _tell(text: str) -> None:
    from matrix.commands.options import tell  # imports much that most commands need, and --help does not

    tell(text)
