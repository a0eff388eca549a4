"""Hellos that observations name by a file: the bytes of a hello's records, as they are or in hexadecimal."""

from collections.abc import Sequence
from pathlib import Path

from handshake.errors import PeerFault
from handshake.features import recorded_flight, template_of
from handshake.hello_template import HelloTemplate
from matrix.diagnose.observations import ObservationError
from matrix.diagnose.rows import ReadHellos
from matrix.wording import printable

MAX_BYTES = 1 << 18
"""A hello has some hundred bytes; twice what its length fields could hold in hexadecimal is enough."""


def hellos_in(folder: Path) -> ReadHellos:
    """A reader of files whose names are seen from `folder`."""

    def read(name: str) -> Sequence[HelloTemplate]:
        path = folder / name
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no name of a file"
            raise ObservationError(
                f"{printable(str(path))}: cannot be read ({why}): check its name"
            ) from error
        if len(content) > MAX_BYTES:
            raise ObservationError(
                f"{printable(str(path))}: is larger than {MAX_BYTES >> 10} KiB: name a file with one hello"
            )
        try:
            return [template_of(recorded_flight(_bytes_of(content)))]
        except PeerFault as error:
            raise ObservationError(
                f"{printable(str(path))}: holds no hello that can be read ({printable(error.detail)}): write "
                "the bytes of its records in hexadecimal"
            ) from error

    return read


def _bytes_of(content: bytes) -> bytes:
    try:
        return bytes.fromhex("".join(content.decode("ascii").split()))
    except ValueError:
        return content
