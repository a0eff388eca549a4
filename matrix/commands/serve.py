"""`tls-matrix serve SERVER_ID`: one server in the foreground, until Ctrl-C."""

import errno
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from handshake.crypto.suite_parameters import CertificateType
from matrix.commands import completion
from matrix.commands.options import ServersDir, one_line_errors, tell, write_out
from matrix.commands.private_file import write_private_file
from matrix.commands.streams import is_left
from matrix.errors import EXIT_HARNESS, SelectionError
from matrix.grid.servers import START_SECONDS
from matrix.plan.loading import check_emulation, load_all_definitions
from matrix.wording import printable
from servers.contract import Connection, PrivateKeyAndChain
from servers.credentials import make_credentials
from servers.emulated.served import DEPARTED, NOT_DEPARTED
from servers.processes.start import LOOPBACK, RunningServers, start_servers
from servers.running import RunningServer
from servers.variant import ServerVariant, certificate_kinds, parse_server_id


def serve(
    server_id: Annotated[
        str,
        typer.Argument(
            metavar="SERVER_ID", help="Which server.", show_default=False, autocompletion=completion.servers
        ),
    ],
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    servers_dir: ServersDir = None,
    key_out: Annotated[
        Path | None,
        typer.Option(
            "--key-out",
            metavar="FILE",
            help="Write the server's RSA key to a new file: with it Wireshark decrypts RSA key exchange.",
        ),
    ] = None,
) -> None:
    """Run one server on loopback until Ctrl-C, and print a line for each connection it has seen.

    Exit status: 0 it was stopped, 2 the command line or a file has errors, 3 the server does not start
    or has ended by itself.
    """
    with one_line_errors() as notes:
        variant = parse_server_id(server_id, load_all_definitions(servers_dir or (), notes))
        check_emulation(variant)
        check_port(port)
        credentials = make_credentials(kinds=certificate_kinds([variant]))
        if key_out is not None:
            write_private_file(key_out, _rsa_key(variant, credentials))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with start_servers([variant], credentials, START_SECONDS, port=port) as running:
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


def _rsa_key(variant: ServerVariant, credentials: Mapping[str, PrivateKeyAndChain]) -> bytes:
    """The RSA key that a server presents (PEM). Raises SelectionError where it has none."""
    presented = variant.configuration(credentials, {}, LOOPBACK).presented()
    if CertificateType.RSA not in presented:
        raise SelectionError(
            f"--key-out: {variant.id} presents no certificate with an RSA key; leave --key-out out"
        )
    return presented[CertificateType.RSA].private_key.encode("ascii")


def check_port(port: int) -> None:
    """Find out before anything starts whether this user may listen on a port; SelectionError says why not."""
    with socket.socket() as probe:
        # As servers do: the connections of one that has ended are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen()
        except OSError as error:
            raise SelectionError(f"--port {port}: {why_not(error, port)}") from error


def why_not(error: OSError, port: int) -> str:
    """Say why nobody can listen on a port, and what to do."""
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"another program listens there (`ss -ltnp sport = :{port}` names it); stop that one, or "
                "choose another port (0 takes a free one)"
            )
        case errno.EACCES:
            return (
                "this user has no right to a port this low; choose one from 1024 on, or start with the right "
                "to (CAP_NET_BIND_SERVICE)"
            )
        case _:
            return f"nobody can listen on {LOOPBACK} there ({error.strerror}); choose another port"


def _show_connections(running: RunningServers, server: str) -> None:
    """Print connections as they end, until the server stops, an interrupt comes or nobody reads any more."""
    for connection in running.follow(server):
        write_out(_line(connection))
        sys.stdout.flush()
        if is_left(sys.stdout):
            return
    tell(f"tls-matrix: {server}: stopped: {running.stopped(server)}")
    raise typer.Exit(EXIT_HARNESS)


def _line(connection: Connection) -> str:
    """One connection as the server saw it; what it does not know is left out."""
    words = [f"port {connection.peer_port}:"]
    words += [word for word in (connection.version, connection.cipher_suite) if word]
    words += [f"alert sent: {connection.alert_sent}"] if connection.alert_sent else []
    words += [f"({connection.reason})"] if connection.reason else []
    departed = (connection.log or "").partition("\n")[0]
    words += [f"[{departed}]"] if departed.startswith((DEPARTED, NOT_DEPARTED)) else []
    return printable(" ".join(words)) + "\n"
