"""How a flight is cut into records, what is between them, and what of it is protected."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from handshake.server.departures.departure import (
    ALL_VERSIONS,
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    Situation,
    may_refuse,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import Arrange, after, alert, at_end, at_start, before, each
from handshake.server.steps import (
    CHANGE_CIPHER_SPEC,
    Flight,
    Fragment,
    Sent,
    Step,
    Steps,
    in_clear,
    in_fragments,
)
from handshake.wire.registry import AlertDescription, ContentType, HandshakeType

_UNEXPECTED = must_refuse("RFC 5246 section 6, RFC 8446 section 5", AlertDescription.UNEXPECTED_MESSAGE)
_UNEXPECTED_13 = must_refuse("RFC 8446 section 5", AlertDescription.UNEXPECTED_MESSAGE)
_SPAN = must_refuse("RFC 8446 section 5.1", AlertDescription.UNEXPECTED_MESSAGE)
_FREE = must_go_on("RFC 5246 section 6.2.1, RFC 8446 section 5.1")
_SPLIT = 3
"""Bytes of a message that come earlier than the rest: less than its header."""
_MAX_PLAINTEXT = 2**14


def _server_hello_in(*sizes: int) -> Arrange:
    return each(HandshakeType.SERVER_HELLO, lambda message: tuple(in_fragments(message, *sizes)))


def _every_byte(message: Sent) -> Sequence[Step]:
    return tuple(in_fragments(message, *(1,) * len(message.wire)))


def _in_one_record(_: Situation, which: Flight, steps: Steps) -> Steps:
    """Join messages that follow each other without a change of keys."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if (
            isinstance(step, Sent)
            and isinstance(last, Fragment)
            and last.content_type == ContentType.HANDSHAKE
        ):
            joined[-1] = replace(last, content=last.content + step.wire)
        elif isinstance(step, Sent):
            joined.append(Fragment(ContentType.HANDSHAKE, step.wire))
        else:
            joined.append(step)
    return tuple(joined)


def _versioned(version: int) -> Arrange:
    return each(
        HandshakeType.SERVER_HELLO,
        lambda message: (Fragment(ContentType.HANDSHAKE, message.wire, version=version),),
    )


def _clear(*handshake_types: int) -> Arrange:
    """Send messages of TLS 1.3 without protection."""

    def arrange(_: Situation, which: Flight, steps: Steps) -> Steps:
        return tuple(
            in_clear(step) if isinstance(step, Sent) and step.handshake_type in handshake_types else step
            for step in steps
        )

    return arrange


def _spanning(earlier: int, later: int) -> Arrange:
    """Send the first bytes of one message in the record of another, before the change of keys."""

    def arrange(_: Situation, which: Flight, steps: Steps) -> Steps:
        types = [step.handshake_type for step in steps if isinstance(step, Sent)]
        if earlier not in types or later not in types:
            return steps
        start = next(s.wire[:_SPLIT] for s in steps if isinstance(s, Sent) and s.handshake_type == later)
        arranged: list[Step] = []
        for step in steps:
            if isinstance(step, Sent) and step.handshake_type == earlier:
                arranged.append(Fragment(ContentType.HANDSHAKE, step.wire + start))
            elif isinstance(step, Sent) and step.handshake_type == later:
                arranged.append(Fragment(ContentType.HANDSHAKE, step.wire[_SPLIT:]))
            else:
                arranged.append(step)
        return tuple(arranged)

    return arrange


def _finished_begins_early(_: Situation, which: Flight, steps: Steps) -> Steps:
    """The first bytes of a Finished up to TLS 1.2 come before ChangeCipherSpec."""
    if which is not Flight.FINISH:
        return steps
    *others, finished = steps
    assert isinstance(finished, Sent), "the flight ends with it"
    start, rest = in_fragments(finished, _SPLIT)
    at = others.index(CHANGE_CIPHER_SPEC)
    return (*others[:at], start, *others[at:], rest)


def _interrupted(*between: Step) -> Arrange:
    """Put something between two records of the Certificate."""

    def cut(message: Sent) -> Sequence[Step]:
        first, second = in_fragments(message, 100)
        return (first, *between, second)

    return each(HandshakeType.CERTIFICATE, cut)


def _data(length: int) -> Fragment:
    return Fragment(ContentType.APPLICATION_DATA, b" " * length, is_oversized=True)


def _cuts() -> Iterator[Departure]:
    for name, what, arranges in (
        ("1-byte", "a byte", each(HandshakeType.SERVER_HELLO, _every_byte)),
        ("2-and-the-rest", "two bytes and the rest", _server_hello_in(2)),
        ("4-and-the-rest", "its header and the rest", _server_hello_in(4)),
        ("39-and-the-rest", "39 bytes, up to within its session id, and the rest", _server_hello_in(39)),
    ):
        yield Departure(
            f"server-hello-in-records-of-{name}",
            f"sends the ServerHello in records of {what}",
            ALL_VERSIONS,
            _FREE,
            arranges=arranges,
        )
    for word, version in (("0300", 0x0300), ("0301", 0x0301), ("0304", 0x0304)):
        yield Departure(
            f"tls13-record-version-{word}",
            f"has 0x{word} as the version of the record of its ServerHello",
            TLS_1_3,
            must_go_on("RFC 8446 section 5.1"),
            arranges=_versioned(version),
        )
    for word, version in (("0300", 0x0300), ("0304", 0x0304), ("0505", 0x0505)):
        yield Departure(
            f"record-version-{word}",
            f"has 0x{word} as the version of the record of its ServerHello",
            UP_TO_TLS_1_2,
            silent("RFC 5246 section 6.2.1"),
            arranges=_versioned(version),
        )


def _strangers() -> Iterator[Departure]:
    """Records of another type in the handshake, up to TLS 1.2 behind the ServerHello."""
    types = (("heartbeat", 24), ("unknown", 99), ("application-data", 23))
    for word, content_type in types:
        step = Fragment(content_type, b"\x01\x00\x00")
        yield Departure(
            f"{word}-record-in-handshake",
            f"sends a record of the content type {content_type} behind the ServerHello",
            UP_TO_TLS_1_2,
            _UNEXPECTED,
            arranges=after(HandshakeType.SERVER_HELLO, step),
        )
        yield Departure(
            f"tls13-{word}-record-in-handshake",
            f"sends a protected record of the content type {content_type} before EncryptedExtensions",
            TLS_1_3,
            _UNEXPECTED_13,
            arranges=before(HandshakeType.ENCRYPTED_EXTENSIONS, step),
        )


def _change_cipher_specs() -> Iterator[Departure]:
    two, both = Fragment(ContentType.CHANGE_CIPHER_SPEC, b"\x02"), b"\x01\x01"
    for name, what, demand, arranges in (
        (
            "twice",
            "twice",
            must_go_on("RFC 8446 section 5"),
            after(HandshakeType.SERVER_HELLO, CHANGE_CIPHER_SPEC),
        ),
        (
            "before-server-hello",
            "before the ServerHello",
            # To be dropped in TLS 1.3, and out of turn in what comes before it: the client cannot know yet.
            may_refuse("RFC 8446 section 5"),
            at_start(Flight.ANSWER, CHANGE_CIPHER_SPEC),
        ),
        ("value-2", "with the value 2", _UNEXPECTED_13, after(HandshakeType.SERVER_HELLO, two)),
        (
            "of-two-bytes",
            "of two bytes",
            _UNEXPECTED_13,
            after(HandshakeType.SERVER_HELLO, Fragment(ContentType.CHANGE_CIPHER_SPEC, both)),
        ),
        ("after-handshake", "behind the handshake", _UNEXPECTED_13, at_end(Flight.AFTER, CHANGE_CIPHER_SPEC)),
    ):
        yield Departure(
            f"tls13-change-cipher-spec-{name}",
            f"sends a ChangeCipherSpec {what}",
            TLS_1_3,
            demand,
            arranges=arranges,
        )
    out_of_place = must_refuse("RFC 5246 section 7.2.2", AlertDescription.UNEXPECTED_MESSAGE)
    yield Departure(
        "change-cipher-spec-after-handshake",
        "sends a ChangeCipherSpec behind the handshake",
        UP_TO_TLS_1_2,
        out_of_place,
        arranges=at_end(Flight.AFTER, CHANGE_CIPHER_SPEC),
    )
    yield Departure(
        "change-cipher-spec-of-two-bytes",
        "sends a ChangeCipherSpec of two bytes",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.1"),
        arranges=lambda _, which, steps: tuple(
            replace(step, content=both) if step == CHANGE_CIPHER_SPEC and isinstance(step, Fragment) else step
            for step in steps
        ),
    )


def _sized(name: str, length: int, versions: tuple[int, ...], demand: Demand) -> Departure:
    return Departure(
        name,
        f"sends a record of {length:,} bytes of application data",
        versions,
        demand,
        arranges=at_end(Flight.AFTER, _data(length)),
    )


_OVERFLOW = must_refuse("RFC 5246 section 7.2.2", AlertDescription.RECORD_OVERFLOW)
_OVERFLOW_13 = must_refuse("RFC 8446 section 5.4", AlertDescription.RECORD_OVERFLOW)

DEPARTURES = (
    *_cuts(),
    Departure(
        "flight-in-one-record",
        "sends the messages of a flight in one record where no change of keys is between them",
        ALL_VERSIONS,
        _FREE,
        arranges=_in_one_record,
    ),
    Departure(
        "certificate-in-records-of-1-byte",
        "sends the Certificate in records of a byte",
        ALL_VERSIONS,
        _FREE,
        arranges=each(HandshakeType.CERTIFICATE, _every_byte),
    ),
    Departure(
        "handshake-record-empty",
        "sends a handshake record with nothing in it behind the ServerHello",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 6.2.1"),
        arranges=after(HandshakeType.SERVER_HELLO, Fragment(ContentType.HANDSHAKE, b"")),
    ),
    Departure(
        "tls13-handshake-record-empty",
        "sends a protected handshake record with nothing in it before EncryptedExtensions",
        TLS_1_3,
        must_refuse("RFC 8446 section 5.4", AlertDescription.UNEXPECTED_MESSAGE),
        arranges=before(HandshakeType.ENCRYPTED_EXTENSIONS, Fragment(ContentType.HANDSHAKE, b"")),
    ),
    Departure(
        "application-data-record-empty",
        "sends an empty record of application data behind the handshake, as it may",
        ALL_VERSIONS,
        _FREE,
        arranges=at_end(Flight.AFTER, Fragment(ContentType.APPLICATION_DATA, b"")),
    ),
    Departure(
        "warning-within-a-message",
        "sends a warning between two records of the Certificate",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 6.2.1"),
        arranges=_interrupted(alert(AlertDescription.UNRECOGNIZED_NAME)),
    ),
    Departure(
        "tls13-change-cipher-spec-within-a-message",
        "sends a ChangeCipherSpec between two records of the Certificate",
        TLS_1_3,
        silent("RFC 8446 section 5.1"),
        arranges=_interrupted(CHANGE_CIPHER_SPEC),
    ),
    Departure(
        "tls13-application-data-within-a-message",
        "sends application data between two records of the Certificate",
        TLS_1_3,
        silent("RFC 8446 section 5.1"),
        arranges=_interrupted(Fragment(ContentType.APPLICATION_DATA, b" ")),
    ),
    Departure(
        "encrypted-extensions-in-clear",
        "sends EncryptedExtensions without protection",
        TLS_1_3,
        _UNEXPECTED_13,
        arranges=_clear(HandshakeType.ENCRYPTED_EXTENSIONS),
    ),
    Departure(
        "tls13-flight-in-clear",
        "sends EncryptedExtensions to Finished without protection",
        TLS_1_3,
        _UNEXPECTED_13,
        arranges=_clear(
            HandshakeType.ENCRYPTED_EXTENSIONS,
            HandshakeType.CERTIFICATE_REQUEST,
            HandshakeType.CERTIFICATE,
            HandshakeType.CERTIFICATE_VERIFY,
            HandshakeType.FINISHED,
        ),
    ),
    Departure(
        "tls13-message-across-the-change-of-keys",
        "begins EncryptedExtensions in the record of the ServerHello",
        TLS_1_3,
        _SPAN,
        arranges=_spanning(HandshakeType.SERVER_HELLO, HandshakeType.ENCRYPTED_EXTENSIONS),
    ),
    Departure(
        "finished-begins-before-change-cipher-spec",
        "sends the first bytes of Finished before ChangeCipherSpec",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.1"),
        arranges=_finished_begins_early,
    ),
    *_strangers(),
    *_change_cipher_specs(),
    _sized("record-of-16385-bytes", _MAX_PLAINTEXT + 1, UP_TO_TLS_1_2, silent("RFC 5246 section 6.2.1")),
    _sized("record-of-17409-bytes", _MAX_PLAINTEXT + 1025, UP_TO_TLS_1_2, _OVERFLOW),
    _sized("record-of-20000-bytes", 20_000, UP_TO_TLS_1_2, _OVERFLOW),
    _sized("tls13-record-of-16385-bytes", _MAX_PLAINTEXT + 1, TLS_1_3, _OVERFLOW_13),
    _sized("tls13-record-of-16900-bytes", 16_900, TLS_1_3, _OVERFLOW_13),
)
