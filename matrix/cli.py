"""The command line `tls-matrix`: puts the commands together and says what no command does twice."""

import sys

import typer

from matrix.commands import compare, connect, hello, list, report, run, serve
from matrix.errors import EXIT_INTERRUPTED

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


def main() -> None:
    """Run the command that was asked for; an interrupt ends it without a traceback."""
    try:
        application(prog_name="tls-matrix")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
