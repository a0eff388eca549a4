"""The command line `tls-matrix`: puts the commands together and says what no command does twice."""

import sys

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer offers them nowhere else

from matrix.commands import compare, connect, hello, images, list, report, run, serve, stacks
from matrix.commands.options import tell
from matrix.errors import EXIT_INTERRUPTED, EXIT_USAGE

application = typer.Typer(
    name="tls-matrix",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which TLS clients can talk to this server, what happens when not, and what a patch changes.",
)
application.command("run")(run.run)
application.command("list")(list.list_what)
application.command("compare")(compare.compare)
application.command("connect")(connect.connect)
application.command("serve")(serve.serve)
application.command("report")(report.report)
application.add_typer(hello.application, name="hello")
application.add_typer(stacks.application, name="stacks")
application.add_typer(images.application, name="images")


def main() -> None:
    """Run the command that was asked for; what is wrong with it is one line, an interrupt no traceback."""
    try:
        status = application(prog_name="tls-matrix", standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "tls-matrix"
        said = error.format_message().replace("Value error, ", "").strip()
        tell(f"tls-matrix: {said} (see `{command} --help`)")
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(status)
