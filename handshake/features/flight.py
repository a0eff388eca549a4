"""A first flight as a server gets it: the hello, and how it came.

`flight_of` gives the flight that a template is sent as, so that one question fits both what came in and what
is about to be sent; `recorded_flight` that of a capture, and `template_of` makes a template of such a one.
"""

from functools import lru_cache

from msgspec import Struct

from handshake.client.hello import blank_hello
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate, pieces
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello, pull_hello_flight
from handshake.wire.record import FirstRecord, Record, RecordReader, SSLv2Record

NOMINAL_SERVER_NAME = "server.example.test"
"""The name that a template is filled with to see what it has. It has a dot: some clients name no other."""


class HelloRecord(Struct, frozen=True):
    """A record that a hello, or a part of it, came in.

    `version` is None in the format of SSLv2, which has none; `length` is that of the fragment in bytes, and
    inside a connection that of the plaintext.
    """

    version: int | None
    length: int


class FirstFlight(Struct, frozen=True):
    """A hello and how it came.

    `hello` is what the server reads, of an SSLv2-format hello (`sslv2`, else None) the offer it stands for;
    `length` is that of the handshake message in bytes, its header of four bytes included, and of an
    SSLv2-format hello that of the record without its header. `records` has one entry a record, `segments` one
    for each TCP segment: the bytes on the wire of those records in it, as far as a program can tell, which
    sees what it reads at once. `flaws` is what is wrong with the hello's form, in the notation of features.
    """

    hello: ClientHello
    length: int
    records: tuple[HelloRecord, ...]
    segments: tuple[int, ...]
    sslv2: SSLv2ClientHello | None = None
    flaws: frozenset[str] = frozenset()

    @property
    def cipher_suites(self) -> tuple[int, ...]:
        """What is offered, in order: cipher suites; in the format of SSLv2 its own cipher specs too."""
        return self.hello.cipher_suites if self.sslv2 is None else self.sslv2.cipher_specs

    @property
    def extension_types(self) -> tuple[int, ...]:
        """The extensions in order; none where there is no block."""
        return tuple(extension.extension_type for extension in self.hello.extensions or ())


@lru_cache(maxsize=1024)
def flight_of(template: HelloTemplate, server_name: str = NOMINAL_SERVER_NAME) -> FirstFlight:
    """The flight that `template` is sent as, random bytes and keys being zeros, and what is drawn as written.

    Raises LocalError for a template that cannot be encoded.
    """
    filled = blank_hello(template, server_name)
    hello = filled.hello if isinstance(filled.hello, SSLv2ClientHello) else None
    records = tuple(map(_hello_record, filled.records))
    segments = tuple(map(len, pieces(filled.wire, template.segments)))
    return FirstFlight(filled.offer, len(filled.message), records, segments, hello)


def recorded_flight(raw: bytes) -> FirstFlight:
    """The flight in whole captured records, taken for one segment. Raises PeerFault where they hold anything
    but a hello.
    """
    hello = pull_hello_flight(raw)
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    reader.feed(raw)
    records: list[HelloRecord] = []
    while (record := reader.next()) is not None:
        records.append(_hello_record(record))
    length = sum(record.length for record in records)
    if isinstance(hello, SSLv2ClientHello):
        return FirstFlight(hello.to_client_hello(), length, tuple(records), (len(raw),), hello)
    return FirstFlight(hello, length, tuple(records), (len(raw),))


def _hello_record(record: Record | SSLv2Record) -> HelloRecord:
    if isinstance(record, SSLv2Record):
        return HelloRecord(None, len(record.body))
    return HelloRecord(record.record_version, len(record.fragment))


def template_of(flight: FirstFlight) -> HelloTemplate:
    """The template that is sent as this flight, but for what is made anew: with the recorded bodies, and the
    random bytes, session id and challenge of their lengths. The inverse of `flight_of`.
    """
    hello, sslv2 = flight.hello, flight.sslv2
    if sslv2 is not None:
        return HelloTemplate(
            sslv2.version,
            sslv2.cipher_specs,
            HelloFormat.SSLV2,
            session_id_length=len(sslv2.session_id),
            challenge_length=len(sslv2.challenge),
        )
    return HelloTemplate(
        hello.legacy_version,
        hello.cipher_suites,
        record_version=flight.records[0].version or hello.legacy_version,
        session_id_length=len(hello.session_id),
        compression_methods=hello.compression_methods,
        extensions=None
        if hello.extensions is None
        else tuple(ExtensionTemplate(each.extension_type, each.body) for each in hello.extensions),
        records=tuple(record.length for record in flight.records[:-1]),
        segments=flight.segments[:-1],
    )
