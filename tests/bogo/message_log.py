"""The messages of a connection in the lines in which the runner expects them (`-expect-msg-callback`)."""

from collections.abc import Iterator

from handshake.transcript import Transcript
from handshake.wire.handshake_message import MessageReader

_VERBS = {"received": "read", "sent": "write"}
_OWN_END = "write alert 1 0"
"""The answer to the runner's close_notify, which its own shim does not give."""


def message_log(transcript: Transcript) -> str:
    """A line each: handshake messages, changes of cipher, alerts."""
    lines = list(_lines(transcript))
    return "".join(f"{line}\n" for line in (lines[:-1] if lines[-1:] == [_OWN_END] else lines))


def _lines(transcript: Transcript) -> Iterator[str]:
    """By records, since a message is noted before the flight that it is sent in is written."""
    readers = {direction: MessageReader() for direction in _VERBS}
    for entry in transcript:
        verb = _VERBS[entry.direction]
        if entry.kind == "sslv2-record":
            yield f"{verb} v2clienthello"
        elif entry.kind != "record":
            continue
        elif entry.name == "handshake":
            readers[entry.direction].feed(entry.decrypted)
            while (message := readers[entry.direction].next()) is not None:
                yield f"{verb} hs {message.handshake_type}"
        elif entry.name == "change_cipher_spec":
            yield f"{verb} ccs"
        elif entry.name == "alert":
            level, description = entry.decrypted[:2]
            yield f"{verb} alert {level} {description}"
