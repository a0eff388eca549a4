"""Hellos out of files: those that an observation names, and captures, which tell what became of each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from clients.capture.captured_hello import CapturedHello, endpoint_text
from clients.capture.made_anew import still_flight
from clients.capture.source import read_capture
from definitions.fault import UnusableFile, named
from handshake.events import Phase
from handshake.features import template_of
from handshake.hello_template import HelloTemplate
from matrix.diagnose.observations import MOST_OBSERVATIONS, ObservationError
from matrix.diagnose.rows import ReadHellos, Row
from matrix.wording import printable

_NUMBER = "#"
"""Stands between a file and the number of a hello in it, as in `hello show`."""
_WHILE_CONNECTING = frozenset(
    {Phase.CLIENT_HELLO, Phase.SERVER_HELLO, Phase.CERTIFICATE, Phase.KEY_EXCHANGE, Phase.FINISHED}
)


def hellos_in(folder: Path) -> ReadHellos:
    """A reader of files whose names are seen from `folder`: FILE, or FILE#N for its hello number N."""

    def read(name: str) -> Sequence[HelloTemplate]:
        path, mark, number = name.rpartition(_NUMBER)
        chosen = int(number) if mark and number.isascii() and number.isdecimal() else None
        found = _hellos(folder / (name if chosen is None else path))
        readable = [each for each in found if chosen in (None, each.stream) and each.flight is not None]
        if not readable:
            which = "no hello that can be read" if chosen is None else f"no hello {chosen} that can be read"
            raise ObservationError(f"{printable(name)}: has {which} (see `tls-matrix hello import`)")
        return [template_of(each.flight) for each in readable if each.flight is not None]

    return read


def captured_rows(path: Path, server: str | None) -> list[Row]:
    """A row for each hello of a capture that went to `server` (HOST:PORT), to the only one where None; hellos
    that are alike but for what is made anew, and that ended alike, are one row.

    Raises UnusableFile, also where the hellos went to several servers and none is named.
    """
    name = printable(path.name)
    hellos = _hellos(path)
    servers = Counter(endpoint_text(each.server) for each in hellos if each.server is not None)
    if server is None and len(servers) > 1:
        raise ObservationError(
            f"{name}: has hellos to several servers: choose one with --to {named(servers)}"
        )
    if server is not None and server not in servers:
        raise ObservationError(
            f"--to {printable(server)}: no hello of {name} went there, but to {named(servers)}"
        )
    rows: dict[Row, list[str]] = {}
    for each in hellos:
        if server in (None, _server_of(each)):
            row = _row(name, each)
            rows.setdefault(replace(row, label=""), []).append(row.label)
    if len(rows) > MOST_OBSERVATIONS:
        raise ObservationError(
            f"{name}: has {len(rows)} different hellos; {MOST_OBSERVATIONS} are enough: cut the capture"
        )
    return [replace(row, label=_label(labels)) for row, labels in rows.items()]


def _label(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} like it"


def _hellos(path: Path) -> Iterable[CapturedHello]:
    try:
        hellos = read_capture(str(path)).hellos
    except UnusableFile as error:
        raise ObservationError(*error.lines) from error
    except ValueError:
        raise ObservationError(f"{printable(str(path))}: is no name of a file: check it") from None
    if not hellos:
        raise ObservationError(f"{printable(str(path))}: has no ClientHello: check its name")
    return hellos


def _server_of(hello: CapturedHello) -> str | None:
    return None if hello.server is None else endpoint_text(hello.server)


def _row(name: str, hello: CapturedHello) -> Row:
    """What a capture shows of one hello; of some it does not show what became of them."""
    label = f"{name}{_NUMBER}{hello.stream}"
    flight, answer = hello.flight, hello.answer
    if flight is None:
        return Row(label, (), False, unknown=f"cannot be read ({hello.problem})")
    row = Row(label, (template_of(still_flight(flight)),), True)
    failure = answer.failure
    if failure is not None and failure.phase in _WHILE_CONNECTING:
        return Row(label, row.hellos, False, failure.cause)
    return (
        row
        if answer.is_complete
        else Row(
            label,
            row.hellos,
            False,
            unknown=f"ends in the capture before it is known whether it works ({answer.sentence})",
        )
    )
