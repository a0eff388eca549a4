"""The recorded hellos the bundled profiles claim to reproduce."""

import json
from dataclasses import dataclass
from pathlib import Path

import clients.profile
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import ClientHello, pull_hello_flight
from tests.clients.canonical import canonical

EVIDENCE_FILE = Path(clients.profile.__file__).parent / "evidence.json"


@dataclass(frozen=True)
class Evidence:
    wire: bytes
    mutable: tuple[tuple[str, int, int], ...]
    server_name: str | None
    drawn: tuple[str, ...] = ()

    def differences(self, sent: bytes) -> list[int]:
        """Return the offsets outside the mutable ranges where `sent` is not what was recorded."""
        free = {offset for _, start, length in self.mutable for offset in range(start, start + length)}
        size = max(len(sent), len(self.wire))
        return [i for i in range(size) if i not in free and sent[i : i + 1] != self.wire[i : i + 1]]

    def differences_from(self, template: HelloTemplate, sent: bytes) -> list[int]:
        """The same for a hello that `template` makes: where that draws an order, values or sizes, everything
        that is drawn is put to one value before.
        """
        if not self.drawn:
            return self.differences(sent)
        one, other = (_canonical(wire, template) for wire in (self.wire, sent))
        size = max(len(one), len(other))
        return [i for i in range(size) if one[i : i + 1] != other[i : i + 1]]


def load_evidence() -> dict[str, Evidence]:
    hellos = json.loads(EVIDENCE_FILE.read_text(encoding="utf-8"))["hellos"]
    return {
        name: Evidence(
            bytes.fromhex(hello["wire"]),
            tuple((what, offset, length) for what, offset, length in hello["mutable"]),
            hello["server_name"],
            tuple(hello.get("drawn", ())),
        )
        for name, hello in hellos.items()
    }


def _canonical(wire: bytes, template: HelloTemplate) -> bytes:
    """The record header's version, and the canonical hello."""
    hello = pull_hello_flight(wire)
    assert isinstance(hello, ClientHello)
    return wire[:3] + canonical(hello, template)
