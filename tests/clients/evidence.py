"""The recorded hellos the bundled profiles claim to reproduce."""

import json
from dataclasses import dataclass
from pathlib import Path

import clients.profile

EVIDENCE_FILE = Path(clients.profile.__file__).parent / "evidence.json"


@dataclass(frozen=True)
class Evidence:
    wire: bytes
    mutable: tuple[tuple[str, int, int], ...]
    server_name: str | None

    def differences(self, sent: bytes) -> list[int]:
        """Return the offsets outside the mutable ranges where `sent` is not what was recorded."""
        free = {offset for _, start, length in self.mutable for offset in range(start, start + length)}
        size = max(len(sent), len(self.wire))
        return [i for i in range(size) if i not in free and sent[i : i + 1] != self.wire[i : i + 1]]


def load_evidence() -> dict[str, Evidence]:
    hellos = json.loads(EVIDENCE_FILE.read_text(encoding="utf-8"))["hellos"]
    return {
        name: Evidence(
            bytes.fromhex(hello["wire"]),
            tuple((what, offset, length) for what, offset, length in hello["mutable"]),
            hello["server_name"],
        )
        for name, hello in hellos.items()
    }
