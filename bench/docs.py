"""The pages of `docs/`: runs every command of every page and writes what it printed into the page.

A page is Markdown. A fenced block `console` has commands, each behind `$ `, and beneath it what it printed
on standard output (where it fails, also its errors and its exit status), without moments and the name of this
machine. A block
whose first line is `# file: NAME` is a file that the commands find. A command that needs a registry or a
container engine, or takes long, stands in a block `sh`: it is not run here. The hosts of SERVERS are servers
that are started on loopback.

    python -m bench.docs [PAGE]...
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from servers.credentials import make_credentials
from servers.processes.start import start_servers
from servers.running import RunningServer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SERVERS = {
    "shop.example.net:443": "openssl@4.0.3",
    "orders.example.net:443": "webmethods-8.0.1@core-fix-19",
    "orders-patched.example.net:443": "webmethods-8.0.1@core-fix-20",
}
START_SECONDS = 30.0
COMMAND_SECONDS = 120.0
_BLOCK = re.compile(r"^```(console|sh|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\+00:00)?")
_HOST = re.compile(r"^( *host: |\| host \| ).*?( \|)?$", re.MULTILINE)
"""What a comparison says of the machines that its runs were made on, in a text and in Markdown."""
_COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what kind it is, what is in it, and where in the page that stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def commands(self) -> list[str]:
        """The commands of a block `console`, those of a block `sh` line by line."""
        return _COMMAND.findall(self.text) if self.kind == "console" else self.text.splitlines()


def blocks(page: str) -> list[Block]:
    """The blocks of a page that are about commands, in order."""
    return [Block(found[1], found[2], found.start(2), found.end(2)) for found in _BLOCK.finditer(page)]


@contextmanager
def hosts() -> Iterator[Mapping[str, str]]:
    """Start the servers of the pages; the address of each by the one that the pages call it."""
    variants = {
        variant.id: variant for variant in make_plan(RunOptions(server=tuple(SERVERS.values()))).variants
    }
    with start_servers(list(variants.values()), make_credentials(), START_SECONDS) as running:
        addresses = {}
        for name, server in SERVERS.items():
            found = running[server]
            assert isinstance(found, RunningServer), found
            addresses[name] = f"{found.host}:{found.port}"
        yield addresses


def written(page: str, addresses: Mapping[str, str], place: Path) -> str:
    """The page with what its commands print now; they run in a folder of their own."""
    program = place / "tls-matrix"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m matrix "$@"\n')
    program.chmod(0o755)
    (place / "examples").symlink_to(ROOT / "examples")
    pieces, at = [], 0
    for block in blocks(page):
        pieces.append(page[at : block.start])
        named = _FILE.match(block.text)
        if block.kind == "console":
            pieces.append(
                "\n".join(f"$ {each}\n{printed(each, addresses, place)}" for each in block.commands)
            )
        else:
            pieces.append(block.text)
            if named:
                file = place / named[1]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(_replaced(block.text, addresses))
        at = block.end
    return "".join((*pieces, page[at:]))


def printed(command: str, addresses: Mapping[str, str], place: Path) -> str:
    """What a command prints: standard output, and errors and the exit status where it fails."""
    done = subprocess.run(
        ["sh", "-c", _replaced(command, addresses)],
        cwd=place,
        env={**os.environ, "TLS_MATRIX_HISTORY": str(place / "history.sqlite"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    said = done.stdout + (f"{done.stderr}(exit status {done.returncode})\n" if done.returncode else "")
    for name, address in addresses.items():
        said = said.replace(address, name)
    said = still(said)
    return "".join(f"{line.rstrip()}\n" for line in said.replace(f"{place}/", "").splitlines())


def still(said: str) -> str:
    """What was said, without what differs from day to day and from machine to machine."""
    return _HOST.sub(r"\1HOST\2", _MOMENT.sub("YYYY-MM-DD hh:mm:ss", said))


def _replaced(text: str, addresses: Mapping[str, str]) -> str:
    # The longest first: one host's name may begin as another's.
    for name in sorted(addresses, key=len, reverse=True):
        text = text.replace(name, addresses[name])
    return text


def main() -> None:
    """Write the pages that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", nargs="*", type=Path)
    pages = parser.parse_args().page or sorted(DOCS.glob("*.md"))
    with ExitStack() as stack:
        addresses = stack.enter_context(hosts())
        for page in pages:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            page.write_text(written(page.read_text(), addresses, place))
            print(page)


if __name__ == "__main__":
    main()
