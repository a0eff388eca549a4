"""This program beside its peers: whole commands and probes, in turn, on one nginx in its own process.

This program's whole command with every client; testssl's client simulation; sslyze's scan, by the handshake;
`openssl s_client` and `s_time`; probes of `explain` and of tlsfuzzer; a connect cell and pyOpenSSL. A peer
that is not here is named with what to install, and a target that needs it is not met. Prints one JSON object;
medians of the rounds, and of the ratios within a round.

    python -m bench.peers [--rounds N] [--tlsfuzzer FOLDER] [--server SERVER_ID] [--client PAT] [--markdown]

testssl is Debian's package testssl.sh, tlsfuzzer a checkout of github.com/tlsfuzzer/tlsfuzzer. sslyze is
installed by this script, for as long as it runs. `--markdown` prints the tables of the README.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.machine import machine
from bench.peers import commands, probes
from bench.peers.measured import Missing, Peer, in_turn
from bench.peers.report import as_json, as_markdown
from bench.peers.sslyze import sslyze
from clients.destination import Destination
from servers.contract import PrivateKeyAndChain
from servers.credentials import SUBJECT, make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

SERVER = "nginx@system"


def peers(
    server: RunningServer,
    credential: PrivateKeyAndChain,
    clients: str,
    tlsfuzzer: Path | None,
    scratch: Path,
) -> Iterator[Peer | Missing]:
    """All of them, in the order in which they are measured: what is compared stands together."""
    address = f"{server.host}:{server.port}"
    yield commands.this_program(address, clients)
    yield commands.testssl(address)
    yield sslyze(server.host, server.port, scratch / "sslyze")
    yield commands.s_client(address)
    yield commands.s_time(address)
    yield from probes.this_program(Destination(server.host, server.port, SUBJECT))
    yield probes.pyopenssl(credential)
    yield from probes.tlsfuzzer(tlsfuzzer, server.port)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tlsfuzzer", type=Path)
    parser.add_argument("--server", default=SERVER)
    parser.add_argument("--client", default="*")
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    variant = parse_server_id(asked.server, load_definitions())
    credentials = make_credentials()
    with start_servers([variant], credentials) as servers, tempfile.TemporaryDirectory() as scratch:
        server = servers[variant.id]
        if not isinstance(server, RunningServer):
            raise SystemExit(f"bench.peers: {asked.server} does not run: {server}")
        found = list(peers(server, credentials["rsa"], asked.client, asked.tlsfuzzer, Path(scratch)))
        missing = [each for each in found if isinstance(each, Missing)]
        rows = in_turn([each for each in found if isinstance(each, Peer)], asked.rounds)
    about = {"bench": "peers", "machine": machine(), "server": server.stack, "rounds": asked.rounds}
    if asked.markdown:
        print(as_markdown(about, rows, missing))
    else:
        print(json.dumps(about | as_json(rows, missing), indent=1))


if __name__ == "__main__":
    main()
