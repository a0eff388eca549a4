"""What it takes to add a thing: how many files of the program are touched, and how long until it is seen.

Each addition is made in a copy of the checkout, in its smallest form; then the command that shows it is run
there. The script ends with 1 when there is no place for an addition or nothing shows it, so the table in
ARCHITECTURE.md cannot outlive the structure it speaks of. Prints one JSON object.

    python -m bench.adding
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.machine import machine

ROOT = Path(__file__).parents[1]
CONFIGURATION = "handshake/server/configuration.py"
TLS12 = "handshake/server/tls12.py"
SENTENCE = (
    "from handshake.reason import parse_reason; print(parse_reason('certificate:policy-added').sentence)"
)


@dataclass(frozen=True, slots=True)
class Addition:
    """Something that is added: `make` changes the checkout, `show` is the command that must say `seen`."""

    name: str
    make: Callable[[Path], None]
    show: tuple[str, ...]
    seen: str


class NotSeen(Exception):
    """An addition could not be made, or nothing shows it."""


def _before(checkout: Path, file: str, anchor: str, added: str) -> None:
    path = checkout / file
    text = path.read_text()
    if text.count(anchor) != 1:
        raise NotSeen(f"{file} has no single line {anchor!r} to add before")
    path.write_text(text.replace(anchor, added + anchor))


def _copy(checkout: Path, source: str, target: str, old: str, new: str) -> None:
    (checkout / target).parent.mkdir(exist_ok=True)
    (checkout / target).write_text((checkout / source).read_text().replace(old, new, 1))


def _add_quirk(checkout: Path) -> None:
    field = '    added: bool = False\n    """The server sends a warning before ServerHelloDone."""\n'
    _before(checkout, CONFIGURATION, "    sslv2_refusal: bytes", field)
    place = "    if configuration.added:\n        connection.send_alert(1, 90)\n"
    _before(checkout, TLS12, "    handshake.send(HandshakeType.SERVER_HELLO_DONE", place)


def _add_reason(checkout: Path) -> None:
    word = '    ADDED = "added", "the client rejects what was added"\n'
    _before(checkout, "handshake/reason.py", "    RSA_KEY_BITS = ", word)
    place = "from handshake.reason import Rule as _Rule\n\nADDED = _Rule.ADDED.cause\n"
    path = checkout / "handshake/client/certificate.py"
    path.write_text(path.read_text() + place)


def _add_option(checkout: Path) -> None:
    field = '    added: Annotated[float, About("What was added.", "SECONDS", SECONDS)] = 2.0\n'
    _before(checkout, "matrix/plan/options.py", "    timeout: Annotated[", field)
    place = "    assert options.added\n"
    _before(checkout, "matrix/plan/make.py", "    parse_gates(options.fail_on)\n", place)


ADDITIONS = (
    Addition("a quirk of an emulated server", _add_quirk, ("-m", "matrix", "list", "emulation"), "added"),
    Addition("a reason", _add_reason, ("-c", SENTENCE), "the client rejects what was added"),
    Addition("an option of a run", _add_option, ("-m", "matrix", "run", "--help"), "--added"),
    Addition(
        "a server that is emulated",
        lambda checkout: _copy(
            checkout, "servers/jsse6/server.toml", "servers/added/server.toml", '"jsse6"', '"added"'
        ),
        ("-m", "matrix", "list", "servers"),
        "added@6u45",
    ),
    Addition(
        "a client",
        lambda checkout: _copy(
            checkout, "clients/profiles/java-6.toml", "clients/profiles/added.toml", '"java-6"', '"added"'
        ),
        ("-m", "matrix", "list", "clients"),
        "added",
    ),
    Addition(
        "a scenario",
        lambda checkout: _copy(
            checkout, "matrix/scenarios/connect.py", "matrix/scenarios/added.py", '"connect"', '"added"'
        ),
        ("-m", "matrix", "list", "scenarios"),
        "added",
    ),
)


def _measure(addition: Addition, scratch: Path) -> dict[str, object]:
    checkout = scratch / addition.name.replace(" ", "-")
    shutil.copytree(
        ROOT, checkout, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "reports")
    )
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    addition.make(checkout)
    touched = [
        str(path.relative_to(checkout))
        for path in sorted(checkout.rglob("*"))
        if path.is_file() and before.get(path) != path.read_bytes()
    ]
    started = time.monotonic()
    shown = subprocess.run(
        [sys.executable, *addition.show], cwd=checkout, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - started
    if addition.seen not in shown.stdout:
        raise NotSeen(f"{addition.name}: {' '.join(addition.show)} does not show it: {shown.stderr[-500:]}")
    return {"added": addition.name, "files": len(touched), "which": touched, "seconds": round(seconds, 1)}


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        prog="python -m bench.adding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            rows = [_measure(addition, Path(scratch)) for addition in ADDITIONS]
        except NotSeen as error:
            sys.exit(f"bench.adding: {error}")
    print(json.dumps({"machine": machine(), "added": rows}, indent=2))


if __name__ == "__main__":
    main()
