"""`tls-matrix serve SERVER_ID`: one server in the foreground, until Ctrl-C."""

import signal
import sys
from typing import Annotated

import typer

from matrix.commands.options import ServersDir, one_line_errors, tell, write_out
from matrix.errors import EXIT_HARNESS
from matrix.grid.servers import START_SECONDS
from matrix.plan.plan import load_all_definitions
from matrix.wording import printable
from servers.contract import Connection
from servers.credentials import make_credentials
from servers.processes.start import RunningServers, start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id


def serve(
    server_id: Annotated[str, typer.Argument(metavar="SERVER_ID", help="Which server.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    servers_dir: ServersDir = None,
) -> None:
    """Run one server on loopback until Ctrl-C, and print a line for each connection it has seen."""
    with one_line_errors() as notes:
        variant = parse_server_id(server_id, load_all_definitions(servers_dir or (), notes))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with start_servers([variant], make_credentials(), START_SECONDS, port=port) as running:
            result = running[variant.id]
            if not isinstance(result, RunningServer):
                tell(f"tls-matrix: {variant.id}: {result.message}")
                raise typer.Exit(EXIT_HARNESS)
            write_out(f"{variant.id} ({printable(result.stack)}) listens on {result.host}:{result.port}\n")
            if variant.definition.note:
                tell(variant.definition.note)
            sys.stdout.flush()
            _show_connections(running, variant.id)
    except KeyboardInterrupt:
        return


def _show_connections(running: RunningServers, server: str) -> None:
    """Print connections as they end, until the server stops or an interrupt comes."""
    for connection in running.follow(server):
        write_out(_line(connection))
        sys.stdout.flush()
    tell(f"tls-matrix: {server}: stopped: {running.stopped(server)}")
    raise typer.Exit(EXIT_HARNESS)


def _line(connection: Connection) -> str:
    """One connection as the server saw it; what it does not know is left out."""
    words = [f"port {connection.peer_port}:"]
    words += [word for word in (connection.version, connection.cipher_suite) if word]
    words += [f"alert sent: {connection.alert_sent}"] if connection.alert_sent else []
    words += [f"({connection.reason})"] if connection.reason else []
    return printable(" ".join(words)) + "\n"
