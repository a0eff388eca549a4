"""The captured hellos of tests/vectors (clienthellos.json, modern-hellos.json), as values."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handshake.wire.handshake_message import HandshakeMessage, MessageReader
from handshake.wire.record import FirstRecord, Record, RecordReader, SSLv2Record

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = ("clienthellos.json", "modern-hellos.json")


@dataclass(frozen=True, slots=True)
class CapturedHello:
    """One entry; lists as the evidence gives them, not as this project's codec reads them."""

    id: str
    unit: str
    sslv2_format: bool
    raw: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes | None
    extensions: tuple[tuple[int, bytes], ...] | None
    ja3: str | None
    ja4: str | None

    @property
    def body(self) -> bytes:
        """What the hello's pull takes: the message's body, or the SSLv2 record's."""
        header = {"record": 9, "message": 4}[self.unit]
        return self.raw[2:] if self.sslv2_format else self.raw[header:]


@cache
def captured_hellos() -> tuple[CapturedHello, ...]:
    """All entries, in the order of the files; only modern-hellos.json tells JA4."""
    return tuple(
        CapturedHello(
            id=entry["id"],
            unit=entry["unit"],
            sslv2_format=entry["sslv2_format"],
            raw=bytes.fromhex(entry["raw_hex"]),
            cipher_suites=tuple(int(suite, 16) for suite in entry["cipher_suites"]),
            compression_methods=None
            if entry["compression"] is None
            else bytes(int(method, 16) for method in entry["compression"]),
            extensions=None
            if entry["extensions"] is None
            else tuple((int(each["type"], 16), bytes.fromhex(each["hex"])) for each in entry["extensions"]),
            ja3=entry["ja3"],
            ja4=entry.get("ja4"),
        )
        for name in FILES
        for entry in json.loads((VECTORS / name).read_text(encoding="utf-8"))
    )


def captured_records() -> list[CapturedHello]:
    """The entries that are whole records."""
    return [hello for hello in captured_hellos() if hello.unit == "record"]


def captured_hello(hello_id: str) -> CapturedHello:
    """One entry by its id."""
    return next(hello for hello in captured_hellos() if hello.id == hello_id)


def read_records(reader: RecordReader, data: bytes, size: int) -> list[Record | SSLv2Record]:
    """What comes out of `reader` when `data` is fed in pieces of `size` bytes."""
    records = []
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
        while (record := reader.next()) is not None:
            records.append(record)
    return records


def read_messages(reader: MessageReader, data: bytes, size: int) -> list[HandshakeMessage]:
    """What comes out of `reader` when `data` is fed in pieces of `size` bytes."""
    messages = []
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
        while (message := reader.next()) is not None:
            messages.append(message)
    return messages


def new_reader() -> RecordReader:
    """A reader that takes either kind of hello."""
    return RecordReader(FirstRecord.SSLV2_OR_TLS)
