"""The words before TLS on a real connection; what goes over the wire goes into the transcript."""

import time

from clients.starttls import PROTOCOLS, StartTls
from clients.starttls.dialogue import Dialogue, PreludeFailure, in_ascii
from clients.transport import Stream, TransportFailure
from handshake.events import Phase, TranscriptEntry
from handshake.reason import NO_DETAIL, Cause, Detail, Kind, Reason
from handshake.transcript import Transcript

KIND = "clear"
"""A transcript entry's kind: bytes before TLS. Its name is what they say, in printable ASCII."""

WORDS = "what it says before TLS"
"""What a server has begun and not ended."""


def speak(starttls: StartTls, transport: Stream, deadline: float, transcript: Transcript) -> Reason | None:
    """Hold the conversation to its end and return why TLS cannot begin; None if it can.

    `deadline` is `time.monotonic` seconds. What goes over the wire is added to `transcript`.
    """
    protocol = PROTOCOLS[starttls.protocol]
    dialogue = Dialogue(lambda dialogue: protocol.prelude(dialogue, starttls.name))
    try:
        _converse(dialogue, transport, deadline, transcript)
    except TransportFailure as failure:
        unfinished = Detail(unfinished=WORDS, received=dialogue.unanswered)
        return Reason(Phase.CONNECT, Cause(failure.kind), unfinished if dialogue.unanswered else NO_DETAIL)
    except PreludeFailure as failure:
        cause = Cause(Kind.PROTOCOL_ERROR, f"starttls-{failure.what}")
        return Reason(Phase.CONNECT, cause, Detail(said=failure.said))
    return None


def _converse(dialogue: Dialogue, transport: Stream, deadline: float, transcript: Transcript) -> None:
    while True:
        if data := dialogue.data_to_send():
            transport.send(data, deadline)
            transcript.append(_entry("sent", data))
        if dialogue.is_over:
            return
        data = transport.receive(deadline)
        if not data:
            raise TransportFailure(Kind.FIN)
        transcript.append(_entry("received", data))
        dialogue.receive(data)


def _entry(direction: str, data: bytes) -> TranscriptEntry:
    return TranscriptEntry(direction, KIND, in_ascii(data), time.monotonic(), data, data)
