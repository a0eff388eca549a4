"""The capture of a cell: its evidence as a file that Wireshark opens. Every attempt is a stream."""

from collections.abc import Iterator
from pathlib import Path

from matrix.captures.conversation import Packet, packets
from matrix.captures.pcapng import pcapng_file
from matrix.results.evidence import ConnectionSeen, Evidence, capture_file, evidence_file
from matrix.results.files import write_whole


def write_capture(folder: Path, evidence: Evidence) -> None:
    """Write the capture of a cell into a run's folder, in one step, for its owner alone: it has the
    connections' secrets. Raises OSError.
    """
    assert evidence.cell is not None, "evidence of a run has a cell"
    path = capture_file(evidence_file(folder, evidence.cell))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, capture_of(evidence), mode=0o600)


def capture_of(evidence: Evidence) -> bytes:
    """The capture's bytes."""
    connections = [each for each in evidence.connections if each.transcript or each.client_port is None]
    key_log = dict.fromkeys(line for each in connections for line in each.key_log)
    said = "" if evidence.verdict is None else f" ({evidence.verdict})"
    comment = (
        f"{evidence.cell or 'a connection'}{said}\nMade from what the client sent and received. "
        "Acknowledgements without data are left out."
    )
    return pcapng_file(_packets(evidence, connections), [*key_log], comment)


def _packets(evidence: Evidence, connections: list[ConnectionSeen]) -> Iterator[Packet]:
    for number, connection in enumerate(connections, start=1):
        outcome = connection.outcome.value if connection.reason is None else connection.reason
        said = f"{evidence.cell or ''}: connection {number} of {len(connections)}"
        offered = f", offers {connection.version}" if connection.version else ""
        advice = "" if connection.ends else "; the addresses are not known, and these are examples"
        advice += "; in Wireshark, decode this port as TLS" if connection.sslv2_format else ""
        yield from packets(connection, f"{said}{offered}: {outcome}{advice}")
