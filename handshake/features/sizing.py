"""Making a hello longer or shorter by what says nothing.

That is a padding extension (RFC 7685); in a hello without an extension block its session id, as long as that
reaches; in the format of SSLv2 the challenge.
"""

from collections.abc import Callable

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.edits import first_of, insert, put
from handshake.features.flight import flight_of
from handshake.features.numbers import nearest
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.wire.client_hello import MAX_CHALLENGE_SIZE, MAX_SESSION_ID_SIZE, MIN_CHALLENGE_SIZE
from handshake.wire.registry import ExtensionType

MAX_LENGTH = 2**14
"""Enough for any client, and within one record (RFC 8446 section 5.1)."""


def resized(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    """The hello with the nearest length, in bytes, that is wanted. Raises LocalError without one."""
    length = flight_of(template).length
    for size in nearest(length, is_wanted, MAX_LENGTH):
        changed = _of_length(template, size)
        if changed is not None:
            return changed
    raise LocalError(f"no padding gives its {length} bytes such a length")


def _of_length(template: HelloTemplate, size: int) -> HelloTemplate | None:
    length = flight_of(template).length
    if template.format is HelloFormat.SSLV2:
        challenge = template.challenge_length + size - length
        fits = MIN_CHALLENGE_SIZE <= challenge <= MAX_CHALLENGE_SIZE
        return replace(template, challenge_length=challenge) if fits else None
    if template.extensions is None:
        session_id = template.session_id_length + size - length
        if 0 <= session_id <= MAX_SESSION_ID_SIZE:
            return replace(template, session_id_length=session_id)
    return _padded(template, size)


def _padded(template: HelloTemplate, size: int) -> HelloTemplate | None:
    old = first_of(template, ExtensionType.PADDING)
    bare = template
    if old is not None:
        others = tuple(e for e in template.extensions or () if e.extension_type != ExtensionType.PADDING)
        bare = replace(template, extensions=others)
    if flight_of(bare).length == size:
        return bare
    padding = ExtensionTemplate(ExtensionType.PADDING)
    padded = insert(template, padding) if old is None else put(template, padding)
    zeros = size - flight_of(padded).length
    return None if zeros < 0 else put(padded, replace(padding, body=bytes(zeros)))
