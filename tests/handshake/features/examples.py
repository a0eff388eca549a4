"""Of everything that can be written for a feature: one example, a hello that has it and one that has not.

The hellos are put together by hand, as records: what the code makes of a template has no part in them.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from msgspec import structs

from handshake.wire.client_hello import (
    ClientHello,
    Extension,
    SSLv2ClientHello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.extensions import push_key_share_list, push_server_name, push_supported_groups
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import ContentType

AES, RC4, DHE = 0x002F, 0x0005, 0x0033
PLAIN = ClientHello(0x0301, bytes(range(32)), b"", (AES, RC4))
SSLV2 = SSLv2ClientHello(0x0301, (AES, RC4), b"", bytes(range(16)))
TICKET, EMS, RI = Extension(35), Extension(23), Extension(0xFF01, b"\x00")
GROUPS = Extension(10, push_supported_groups((29, 23)))
VERSIONS = Extension(43, bytes.fromhex("020304"))
GREASE = 0x1A1A


@dataclass(frozen=True)
class Sent:
    """A hello in TLS records of one version, or (`version` None) the body of an SSLv2 record.

    `message` is the handshake message; `cut` says how many bytes of it are in the records but the last,
    `segments` how many bytes on the wire are in the segments but the last.
    """

    message: bytes
    version: int | None = 0x0301
    cut: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()

    @property
    def fragments(self) -> tuple[bytes, ...]:
        ends = [0, *(sum(self.cut[: i + 1]) for i in range(len(self.cut))), len(self.message)]
        return tuple(self.message[start:end] for start, end in pairwise(ends))

    @property
    def wire(self) -> bytes:
        if self.version is None:
            return push_sslv2_record(SSLv2Record(self.message))
        records = (Record(ContentType.HANDSHAKE, self.version, fragment) for fragment in self.fragments)
        return b"".join(map(push_record, records))

    @property
    def arriving(self) -> tuple[bytes, ...]:
        return segmented(self.wire, self.segments)


def segmented(wire: bytes, segments: tuple[int, ...]) -> tuple[bytes, ...]:
    """The bytes in segments of these sizes and one of what is left."""
    ends = [0, *(sum(segments[: i + 1]) for i in range(len(segments))), len(wire)]
    return tuple(wire[start:end] for start, end in pairwise(ends))


def raw(body: bytes) -> Sent:
    """A hello whose body is given byte by byte."""
    return Sent(b"\x01" + len(body).to_bytes(3, "big") + body)


def hello(*extensions: Extension, **fields: object) -> Sent:
    """The plain hello with these fields, and with an extension block if there are extensions."""
    changed = structs.replace(PLAIN, **fields)  # type: ignore[arg-type]
    return raw(push_client_hello(structs.replace(changed, extensions=extensions) if extensions else changed))


def suites(*codes: int) -> Sent:
    return hello(cipher_suites=codes)


def long(length: int) -> Sent:
    """A hello of so many bytes, its header included."""
    padding = Extension(21, bytes(length - len(hello(Extension(21)).message)))
    return hello(padding)


def sslv2(body: bytes | None = None, **fields: object) -> Sent:
    changed = structs.replace(SSLV2, **fields)  # type: ignore[arg-type]
    return Sent(push_sslv2_client_hello(changed) if body is None else body, None)


def names(*pairs: tuple[int, bytes]) -> Extension:
    return Extension(0, push_server_name(pairs))


def shares(*groups: int) -> Extension:
    return Extension(51, push_key_share_list(tuple((group, b"k") for group in groups)))


def schemes(*codes: int) -> Extension:
    return Extension(13, push_supported_groups(codes))


FIXED = push_client_hello(structs.replace(PLAIN, extensions=None))
WITH_BLOCK = push_client_hello(structs.replace(PLAIN, extensions=(Extension(5, b"abc"),)))
AFTER_TICKET = hello(TICKET)
ONE_NAME = hello(names((0, b"a.b")))

FAMILIES = {
    "3des": 0x000A,
    "aead": 0x009C,
    "anonymous": 0x0034,
    "camellia": 0x0041,
    "des": 0x0009,
    "dhe": DHE,
    "dss": 0x0032,
    "ec": 0xC013,
    "ecdsa": 0xC009,
    "export": 0x0003,
    "null": 0x0002,
    "psk": 0x008C,
    "signalling": 0x00FF,
    "tls13": 0x1301,
}
OF_THE_PLAIN_SUITES = {"cbc": (AES, RC4), "rc4": (RC4, AES), "rsa-key-exchange": (AES, DHE)}

EXAMPLES: dict[str, tuple[Sent, Sent]] = {
    "sslv2-format": (sslv2(), hello()),
    "record-version:SSLv3": (dataclasses.replace(hello(), version=0x0300), hello()),
    "record-length:..3": (dataclasses.replace(hello(), cut=(3,)), hello()),
    "record-count:2..": (dataclasses.replace(hello(), cut=(20, 5)), hello()),
    "first-record-length:..5": (
        dataclasses.replace(hello(), cut=(5,)),
        dataclasses.replace(hello(), cut=(6, 1)),
    ),
    "segment-count:2..": (
        dataclasses.replace(hello(), segments=(7,)),
        dataclasses.replace(hello(), cut=(20, 5)),
    ),
    "hello-length:256..511": (long(300), long(512)),
    "client-version:TLSv1.1": (hello(legacy_version=0x0302), hello()),
    "version-from:TLSv1.1": (hello(legacy_version=0x0303), hello()),
    "version-below:TLSv1.0": (hello(legacy_version=0x0300), hello()),
    "version-without-major-3": (hello(legacy_version=0x0400), hello()),
    "offers-version:TLSv1.3": (hello(VERSIONS), hello(Extension(43, bytes.fromhex("020303")))),
    "cipher-suite:TLS_FALLBACK_SCSV": (suites(AES, 0x5600), hello()),
    "any-cipher-suite:AES128-SHA,TLS_FALLBACK_SCSV": (suites(RC4, AES), suites(RC4)),
    "cipher-suite-count:3..": (suites(AES, RC4, DHE), hello()),
    "cipher-suite-before:RC4-SHA:AES128-SHA": (suites(RC4, AES), hello()),
    "first-cipher-suite:RC4-SHA": (suites(GREASE, RC4, AES), hello()),
    "no-cipher-suites": (suites(), hello()),
    "odd-cipher-suites": (raw(FIXED[:35] + b"\x00\x03\x00\x2f\x00" + FIXED[41:]), hello()),
    "sslv2-cipher-suite": (sslv2(cipher_specs=(0x010080, AES)), sslv2()),
    **{f"{family}-cipher-suite": (suites(AES, code), hello()) for family, code in FAMILIES.items()},
    **{f"{f}-cipher-suite": (suites(yes), suites(no)) for f, (yes, no) in OF_THE_PLAIN_SUITES.items()},
    "compression-method:deflate": (hello(compression_methods=b"\x01\x00"), hello()),
    "no-compression-methods": (hello(compression_methods=b""), hello()),
    "no-null-compression": (hello(compression_methods=b"\x01"), hello()),
    "session-id": (hello(session_id=bytes(8)), hello()),
    "session-id-length:1..16": (hello(session_id=bytes(16)), hello(session_id=bytes(17))),
    "session-id-over-32": (hello(session_id=bytes(33)), hello(session_id=bytes(32))),
    "challenge-length:17..": (sslv2(challenge=bytes(32)), sslv2()),
    "extension-block": (raw(FIXED + b"\x00\x00"), hello()),
    "empty-extension-block": (raw(FIXED + b"\x00\x00"), AFTER_TICKET),
    "extension-count:2..": (hello(TICKET, RI), AFTER_TICKET),
    "non-empty-extension": (hello(RI), AFTER_TICKET),
    "empty-last-extension": (hello(RI, TICKET), hello(TICKET, RI)),
    "extension:session_ticket": (AFTER_TICKET, hello(EMS)),
    "repeated-extension:session_ticket": (hello(TICKET, EMS, TICKET), hello(TICKET, EMS)),
    "extension-last:session_ticket": (hello(EMS, TICKET), hello(TICKET, EMS)),
    "extension-not-last:session_ticket": (hello(TICKET, EMS), hello(EMS, TICKET)),
    "extension-before:session_ticket:renegotiation_info": (hello(TICKET, EMS, RI), hello(RI, TICKET)),
    "empty-body:session_ticket": (AFTER_TICKET, hello(Extension(35, b"x"))),
    "body:0x7777:0102": (hello(Extension(0x7777, b"\x01\x02")), hello(Extension(0x7777, b"\x01"))),
    "body-like:0x7777:u8 u8": (hello(Extension(0x7777, b"ab")), hello(Extension(0x7777, b"abc"))),
    "body-not:0x7777:u8 u8": (hello(Extension(0x7777, b"abc")), hello(Extension(0x7777, b"ab"))),
    "lists:supported_groups:x25519": (hello(GROUPS), hello(Extension(10, push_supported_groups((23,))))),
    "lists-any:supported_groups:x448,secp256r1": (
        hello(GROUPS),
        hello(Extension(10, push_supported_groups((24,)))),
    ),
    "none-of:supported_groups:24,25": (hello(GROUPS), hello(Extension(10, push_supported_groups((24,))))),
    "host-name-not:[a-z.]+": (hello(names((0, b"a_b"))), ONE_NAME),
    "several-host-names": (hello(names((0, b"a"), (0, b"b"))), ONE_NAME),
    "repeated-name-type": (hello(names((1, b"a"), (1, b"b"))), ONE_NAME),
    "no-host-name": (hello(names((1, b"a"))), ONE_NAME),
    "key-shares-unlike-groups": (hello(GROUPS, shares(23, 29)), hello(GROUPS, shares(29, 23))),
    "grease": (suites(GREASE, AES), hello()),
    "grease:cipher-suite": (suites(GREASE, AES), hello(Extension(GREASE))),
    "grease:extension": (hello(Extension(GREASE)), suites(GREASE, AES)),
    "grease:version": (hello(Extension(43, bytes.fromhex("041a1a0303"))), hello(VERSIONS)),
    "grease:group": (hello(Extension(10, push_supported_groups((GREASE, 23)))), hello(GROUPS)),
    "grease:key-share": (hello(GROUPS, shares(GREASE, 29)), hello(GROUPS, shares(29))),
    "grease:signature-scheme": (hello(schemes(GREASE, 0x0401)), hello(schemes(0x0401))),
    "cut-off:legacy_version": (raw(FIXED[:1]), hello()),
    "cut-off:random": (raw(FIXED[:20]), hello()),
    "cut-off:session_id": (raw(FIXED[:34] + b"\x05abc"), hello()),
    "cut-off:cipher_suites": (raw(FIXED[:38]), hello()),
    "cut-off:compression_methods": (raw(FIXED[:-1]), hello()),
    "cut-off:extension-block": (raw(WITH_BLOCK[:-2]), raw(WITH_BLOCK)),
    "cut-off:extension-header": (raw(FIXED + bytes.fromhex("0003 000500")), raw(WITH_BLOCK)),
    "cut-off:extension-body": (raw(FIXED + bytes.fromhex("0006 0005 0003 6162")), raw(WITH_BLOCK)),
    "bytes-after-extensions": (raw(WITH_BLOCK + b"x"), raw(WITH_BLOCK)),
    "sslv2-cut-off": (sslv2(push_sslv2_client_hello(SSLV2)[:-1]), sslv2()),
    "sslv2-bytes-left": (sslv2(push_sslv2_client_hello(SSLV2) + b"x"), sslv2()),
    "sslv2-no-cipher-specs": (sslv2(cipher_specs=()), sslv2()),
    "sslv2-session-id-over-32": (sslv2(session_id=bytes(33)), sslv2(session_id=bytes(16))),
    "not cipher-suite:AES128-SHA": (suites(RC4), hello()),
    "sslv2-format and cipher-suite:RC4-MD5": (sslv2(cipher_specs=(0x0004,)), suites(0x0004)),
}


def notations_without_example(notations: Iterable[str]) -> list[str]:
    """What can be written and has no example: of words with an argument to be put in, any will do."""
    words = {name.partition(":")[0] for name in EXAMPLES}
    joined = {"not <feature>", "<feature> and <feature>"}
    open_words = {each.partition(":")[0] for each in notations if "<" in each and each not in joined}
    closed = {each for each in notations if "<" not in each}
    return sorted((closed - EXAMPLES.keys()) | (open_words - words))
