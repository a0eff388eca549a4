"""A hello with something changed at random.

What is changed is the form: lengths, versions, lists, extensions (order, repeats, bodies), how the bytes are
cut into records, what comes before and after. The same source of randomness gives the same flight.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from handshake.wire.client_hello import ClientHello, SSLv2ClientHello

VERSIONS = (0x0002, 0x0200, 0x02FF, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305, 0x0309, 0x0400, 0xFFFF)
LENGTHS = (0, 1, 2, 3, 7, 16, 31, 32, 33, 48, 255)
_SUITES = (
    "0000 0005 000a 0016 001b 002f 0033 0034 0035 0039 003a 0041 0084 00ff 1301 1a1a 5600 c009 c011 "
    "c012 c013 c014 c018 c019 c02f "
)
SUITES = tuple(int(code, 16) for code in _SUITES.split())
_EXTENSION_TYPES = (
    "0 1 5 9 10 11 12 13 14 15 16 17 18 21 22 23 28 35 41 42 43 44 45 49 50 51 2570 13172 30583 65281"
)
EXTENSION_TYPES = tuple(int(code) for code in _EXTENSION_TYPES.split())
GROUPS = (1, 19, 22, 23, 24, 25, 26, 28, 29, 30, 256, 257, 260, 300, 0x0A0A)
_BODIES = (
    "00 01 02 04 05 ff 0000 0001 0100 0101 0102 0200 0003 01ff 03010203 00020017 0004001d0017 "
    "00020100 000100 00050100000000 0100000000 0100000001 020000 000300026832 0003026832 00000000 "
    "0000ff 020304 020301 0403040303 03020301 4000 003f 0040 00020401 000400000161 "
    "000800000561622e6364 000b0000086c6f63616c686f7374 00090000066578612e6c65 00050000023132 "
    "000a000007312e322e332e34 0008000005612e2e6262 00060000032d6161 000500000261ff 00040100016100 "
    "0006010003616263 000d00000461626364000003616263 0000ffff "
)
BODIES = tuple(bytes.fromhex(code) for code in _BODIES.split())
"""Extension bodies, right for one type or another and wrong for the rest."""


@dataclass
class Draft:
    """A hello in the making: its fields as they will be written, each with the length it will claim."""

    version: int
    random: bytes
    session_id: bytes
    suites: list[int]
    compression_methods: bytes
    extensions: list[tuple[int, bytes]] | None
    sslv2: bool = False
    odd_suites: bytes = b""
    claimed: dict[str, int] = field(default_factory=dict)
    after_extensions: bytes = b""
    record_version: int = 0x0301
    content_type: int = 22
    cuts: int = 0
    before: bytes = b""
    after: bytes = b""
    raw: Callable[[bytes], bytes] | None = None

    def length(self, name: str, actual: int, size: int) -> bytes:
        """The length to write: what was claimed, else the actual one."""
        return (self.claimed.get(name, 0) + actual & (1 << 8 * size) - 1).to_bytes(size, "big")


def varied(hello: ClientHello | SSLv2ClientHello, random: Random) -> tuple[bytes, str]:
    """A first flight with this hello, changed in up to three ways; the text says in which."""
    draft = _draft(hello)
    changes = [random.choice(CHANGES) for _ in range(random.choice((0, 1, 1, 1, 1, 2, 2, 3)))]
    for change in changes:
        change(draft, random)
    said = ", ".join(change.__name__.strip("_").replace("_", " ") for change in changes) or "as it is"
    return _write(draft, random), said


def _draft(hello: ClientHello | SSLv2ClientHello) -> Draft:
    if isinstance(hello, SSLv2ClientHello):
        return Draft(
            hello.version, hello.challenge, hello.session_id, list(hello.cipher_specs), b"", None, sslv2=True
        )
    extensions = None
    if hello.extensions is not None:
        extensions = [(each.extension_type, each.body) for each in hello.extensions]
    return Draft(
        hello.legacy_version,
        hello.random,
        hello.session_id,
        list(hello.cipher_suites),
        hello.compression_methods,
        extensions,
    )


def _write(draft: Draft, random: Random) -> bytes:
    if draft.sslv2:
        flight = _write_sslv2(draft)
    else:
        body = _write_body(draft)
        message = b"\x01" + draft.length("message", len(body), 3) + body
        flight = draft.before + _cut(draft, message, random) + draft.after
    return flight if draft.raw is None else draft.raw(flight)


def _write_body(draft: Draft) -> bytes:
    suites = b"".join(suite.to_bytes(2, "big") for suite in draft.suites) + draft.odd_suites
    body = draft.version.to_bytes(2, "big") + draft.random
    body += draft.length("session_id", len(draft.session_id), 1) + draft.session_id
    body += draft.length("suites", len(suites), 2) + suites
    body += draft.length("compression", len(draft.compression_methods), 1) + draft.compression_methods
    if draft.extensions is not None:
        block = b"".join(
            kind.to_bytes(2, "big") + draft.length(f"extension {place}", len(content), 2) + content
            for place, (kind, content) in enumerate(draft.extensions)
        )
        body += draft.length("block", len(block), 2) + block
    return body + draft.after_extensions


def _write_sslv2(draft: Draft) -> bytes:
    specs = b"".join(suite.to_bytes(3, "big") for suite in draft.suites) + draft.odd_suites
    body = b"\x01" + draft.version.to_bytes(2, "big")
    for name, content in (("suites", specs), ("session_id", draft.session_id), ("challenge", draft.random)):
        body += draft.length(name, len(content), 2)
    body += specs + draft.session_id + draft.random + draft.after_extensions
    return (0x8000 | len(body) + draft.claimed.get("message", 0) & 0x7FFF).to_bytes(2, "big") + body


def _cut(draft: Draft, message: bytes, random: Random) -> bytes:
    """The message in one record or several."""
    places = sorted(random.randrange(len(message) + 1) for _ in range(draft.cuts))
    places += [] if draft.cuts else list(range(16384, len(message), 16384))
    pieces = [message[start:end] for start, end in zip([0, *places], [*places, len(message)], strict=True)]
    return b"".join(_record(draft.content_type, draft.record_version, piece) for piece in pieces)


def _record(content_type: int, version: int, fragment: bytes) -> bytes:
    return bytes([content_type]) + version.to_bytes(2, "big") + len(fragment).to_bytes(2, "big") + fragment


def _version(draft: Draft, random: Random) -> None:
    draft.version = random.choice(VERSIONS)


def _record_version(draft: Draft, random: Random) -> None:
    draft.record_version = random.choice(VERSIONS)


def _session_id(draft: Draft, random: Random) -> None:
    draft.session_id = random.randbytes(random.choice(LENGTHS))


def _a_length_that_is_wrong(draft: Draft, random: Random) -> None:
    names = ["message", "session_id", "suites", "compression", "block", "challenge"]
    names += [f"extension {place}" for place in range(len(draft.extensions or []))]
    draft.claimed[random.choice(names)] = random.choice((-2, -1, 1, 2, 4, 100))


def _other_suites(draft: Draft, random: Random) -> None:
    draft.suites = random.sample(SUITES, random.randrange(7))


def _shuffled_suites(draft: Draft, random: Random) -> None:
    random.shuffle(draft.suites)


def _one_more_suite(draft: Draft, random: Random) -> None:
    draft.suites.insert(0, random.choice(SUITES))


def _half_a_suite(draft: Draft, random: Random) -> None:
    draft.odd_suites = random.randbytes(1)


def _compression_methods(draft: Draft, random: Random) -> None:
    draft.compression_methods = random.choice(
        (b"", b"\x01", b"\x01\x00", b"\x00\x00", b"\x40\x01", bytes(255))
    )


def _no_extensions(draft: Draft, random: Random) -> None:
    draft.extensions = None


def _an_extension(draft: Draft, random: Random) -> None:
    draft.extensions = [*(draft.extensions or ()), (random.choice(EXTENSION_TYPES), _body(random))]


def _another_body(draft: Draft, random: Random) -> None:
    if draft.extensions:
        place = random.randrange(len(draft.extensions))
        draft.extensions[place] = (draft.extensions[place][0], _body(random))


def _a_body_cut_or_longer(draft: Draft, random: Random) -> None:
    if draft.extensions:
        place = random.randrange(len(draft.extensions))
        kind, body = draft.extensions[place]
        draft.extensions[place] = (kind, random.choice((body[:-1], body[1:], body + b"\x00", body + body)))


def _a_byte_of_a_body(draft: Draft, random: Random) -> None:
    if draft.extensions:
        place = random.randrange(len(draft.extensions))
        kind, body = draft.extensions[place]
        if body:
            at = random.randrange(len(body))
            draft.extensions[place] = (kind, body[:at] + random.randbytes(1) + body[at + 1 :])


def _other_groups(draft: Draft, random: Random) -> None:
    named = b"".join(each.to_bytes(2, "big") for each in random.sample(GROUPS, random.randrange(1, 5)))
    draft.extensions = [each for each in draft.extensions or () if each[0] != 10]
    draft.extensions.append((10, len(named).to_bytes(2, "big") + named))


def _an_extension_twice(draft: Draft, random: Random) -> None:
    if draft.extensions:
        draft.extensions.insert(random.randrange(len(draft.extensions)), random.choice(draft.extensions))


def _an_extension_less(draft: Draft, random: Random) -> None:
    if draft.extensions:
        draft.extensions.pop(random.randrange(len(draft.extensions)))


def _shuffled_extensions(draft: Draft, random: Random) -> None:
    random.shuffle(draft.extensions or [])


def _bytes_after_extensions(draft: Draft, random: Random) -> None:
    draft.after_extensions = random.randbytes(random.choice((1, 2, 3, 4, 8)))


def _several_records(draft: Draft, random: Random) -> None:
    draft.cuts = random.randrange(1, 5)


def _a_record_before(draft: Draft, random: Random) -> None:
    draft.before = random.choice(_records())


def _a_record_after(draft: Draft, random: Random) -> None:
    draft.after = random.choice(_records())


def _content_type(draft: Draft, random: Random) -> None:
    draft.content_type = random.choice((0, 19, 20, 21, 23, 24, 25, 99, 0x80, 0xFF))


def _a_byte_of_the_flight(draft: Draft, random: Random) -> None:
    at, byte = random.random(), random.randbytes(1)

    def change(flight: bytes) -> bytes:
        place = int(at * len(flight))
        return flight[:place] + byte + flight[place + 1 :]

    draft.raw = change


def _cut_short(draft: Draft, random: Random) -> None:
    at = random.random()
    draft.raw = lambda flight: flight[: int(at * len(flight))]


def _body(random: Random) -> bytes:
    return random.choice((b"", *BODIES))


def _records() -> tuple[bytes, ...]:
    """Whole records that can stand before or after a hello."""
    return (
        _record(22, 0x0301, b""),
        _record(20, 0x0301, b"\x01"),
        _record(20, 0x0301, b""),
        _record(21, 0x0301, b"\x01\x00"),
        _record(21, 0x0301, b"\x01\x5a"),
        _record(21, 0x0301, b"\x01\x64"),
        _record(21, 0x0301, b"\x01\x70"),
        _record(21, 0x0301, b"\x01\x0a"),
        _record(21, 0x0301, b"\x02\x28"),
        _record(21, 0x0301, b"\x02\x00"),
        _record(21, 0x0301, b"\x03\x28"),
        _record(21, 0x0301, b"\x01\xfe"),
        _record(21, 0x0300, b"\x01\x0a"),
        _record(23, 0x0301, b"x"),
        _record(23, 0x0300, b"x"),
        _record(24, 0x0301, b"\x01\x00\x00"),
        _record(99, 0x0301, b"abc"),
        _record(22, 0x0301, b"\x10\x00\x00\x02ab"),
        _record(22, 0x0303, b"\x10\x00\x00\x02ab"),
        _record(22, 0x0301, b"\x00\x00\x00\x00"),
        _record(22, 0x0301, b"\x02\x00\x00\x26"),
        _record(22, 0x0301, b"\x63\x00\x00\x26"),
        _record(22, 0x0301, b"\x01\x00"),
        _record(22, 0x0301, b"\x01\x00\x02\x00"),
        _record(22, 0x0301, b"\x01\x03\x00\x00"),
    )


CHANGES: tuple[Callable[[Draft, Random], None], ...] = (
    _version,
    _record_version,
    _session_id,
    _a_length_that_is_wrong,
    _a_length_that_is_wrong,
    _other_suites,
    _shuffled_suites,
    _one_more_suite,
    _half_a_suite,
    _compression_methods,
    _no_extensions,
    _an_extension,
    _an_extension,
    _another_body,
    _another_body,
    _a_body_cut_or_longer,
    _a_body_cut_or_longer,
    _a_byte_of_a_body,
    _a_byte_of_a_body,
    _other_groups,
    _an_extension_twice,
    _an_extension_less,
    _shuffled_extensions,
    _bytes_after_extensions,
    _several_records,
    _a_record_before,
    _a_record_after,
    _content_type,
    _a_byte_of_the_flight,
    _a_byte_of_the_flight,
    _cut_short,
)
"""What can happen to a hello; one that is there twice happens twice as often."""
