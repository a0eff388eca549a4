"""The command line `tls-matrix`: puts the commands together and says what no command does twice."""

import errno
import sys

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer offers them nowhere else

from matrix.commands import (
    compare,
    connect,
    diagnose,
    hello,
    images,
    keys,
    list,
    report,
    run,
    serve,
    stacks,
    test,
)
from matrix.commands.options import tell
from matrix.commands.streams import open_streams, write_nowhere
from matrix.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_USAGE

NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

application = typer.Typer(
    name="tls-matrix",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Show which TLS clients can connect to a server, why others fail, and what a patch changes.",
)
application.command("run")(run.run)
application.command("list")(list.list_what)
application.command("compare")(compare.compare)
application.command("connect")(connect.connect)
application.command("serve")(serve.serve)
application.command("diagnose")(diagnose.diagnose)
application.command("report")(report.report)
application.command("test", context_settings=test.ANY_ARGUMENT)(test.test)
application.add_typer(hello.application, name="hello")
application.add_typer(keys.application, name="keys")
application.add_typer(stacks.application, name="stacks")
application.add_typer(images.application, name="images")


def main() -> None:
    """Run the command that was asked for; what is wrong with it is one line, an interrupt no traceback."""
    open_streams()
    try:
        status = application(prog_name="tls-matrix", standalone_mode=False)
        sys.stdout.flush()
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "tls-matrix"
        said = " ".join(error.format_message().replace("Value error, ", "").split())
        tell(f"tls-matrix: {said} (see `{command} --help`)")
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if error.filename is not None or error.errno not in NOT_WRITABLE:
            raise
        tell(f"tls-matrix: standard output cannot be written ({error.strerror})")
        write_nowhere(sys.stdout.fileno())
        sys.exit(EXIT_HARNESS)
    sys.exit(status)
