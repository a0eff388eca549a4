"""What a capture says of TCP: tshark finds nothing wrong, and the segments are those that were sent."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clients.observation import Attempt, Ends
from clients.profile import load_profiles
from handshake.events import TranscriptEntry
from handshake.reason import Kind, parse_reason
from handshake.transcript import LeftOut
from matrix.captures.capture import capture_of
from matrix.captures.conversation import ACK, FIN, RESET, SYN, packets
from tests.handshake.peers import Ours, client, exchange, server, template
from tests.matrix.captures.connections import HTTP_ANSWER, STARTED, attempt, connection, evidence
from tests.matrix.captures.tshark import fields

TLS_1_2, RSA_AES = 0x0303, 0x002F
NOT_443 = ("-d", "tcp.port==8443,tls")


def whole() -> Attempt:
    ours, theirs = Ours(client(template(TLS_1_2, RSA_AES))), Ours(server(TLS_1_2, RSA_AES))
    exchange(ours, theirs, HTTP_ANSWER)
    return attempt(ours, 20_000)


def said(direction: str, wire: bytes, at: float = 0.0, kind: str = "record") -> TranscriptEntry:
    return TranscriptEntry(direction, kind, "handshake", at, wire, wire)


@pytest.mark.parametrize("ends", [None, Ends("2001:db8::7", 20_000, "fe80::1%eth0", 443)])
def test_tshark_finds_nothing_wrong(tmp_path: Path, ends: Ends | None) -> None:
    file = tmp_path / "one.pcapng"
    file.write_bytes(capture_of(evidence(replace(whole(), ends=ends), replace(whole(), client_port=2))))
    checked = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    seen = fields(
        file,
        "tcp.checksum.status",
        "tcp.analysis.flags",
        "_ws.malformed",
        "ip.checksum.status",
        options=checked,
    )
    assert len(seen) > 20
    for packet in seen:
        assert packet["tcp.checksum.status"] == ["1"]
        assert packet["ip.checksum.status"] in ([], ["1"])
        assert packet["tcp.analysis.flags"] == packet["_ws.malformed"] == []


def test_a_wrong_checksum_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "one.pcapng"
    content = bytearray(capture_of(evidence(whole())))
    place = content.index(b"\x16\x03\x01") + 20
    content[place] ^= 1
    file.write_bytes(content)
    seen = fields(file, "tcp.checksum.status", options=("-o", "tcp.check_checksum:TRUE"))
    assert ["0"] in [packet["tcp.checksum.status"] for packet in seen]


def test_every_hello_of_every_client_is_read(tmp_path: Path) -> None:
    hellos = []
    for profile in load_profiles().values():
        for template_ in profile.player.templates:
            hellos.append(Ours(client(template_)))
            hellos[-1].connection.close(0.0)
            hellos[-1].give()
    file = tmp_path / "hellos.pcapng"
    attempts = [attempt(ours, 1024 + number) for number, ours in enumerate(hellos)]
    file.write_bytes(capture_of(evidence(*attempts)))
    seen = fields(file, "tcp.srcport", "tls.handshake.type", "_ws.malformed", options=NOT_443)
    assert [packet for packet in seen if packet["_ws.malformed"]] == []
    ports = {int(p["tcp.srcport"][0]) for p in seen if "1" in p["tls.handshake.type"]}
    assert ports == {each.client_port for each in attempts}


def test_what_goes_together_is_a_segment_cut_at_the_segment_size() -> None:
    entries = (
        said("sent", b"a" * 10),
        said("received", b"b" * 5, 1.0),
        said("received", b"c" * 7, 1.0),
        said("received", b"d", 2.0),
    )
    seen = connection(replace(whole(), transcript=entries, segment_size=6))
    sizes = [(p.is_clients, len(p.data), p.time - STARTED.timestamp()) for p in packets(seen, "") if p.data]
    assert sizes == [
        (True, 6, 0.125),
        (True, 4, 0.125),
        (False, 6, 1.125),
        (False, 6, 1.125),
        (False, 1, 2.125),
    ]


def test_a_hello_that_was_sent_in_segments_is_in_those() -> None:
    entries = (
        said("sent", b"abcdef"),
        said("sent", b"ab", 0.1, "segment"),
        said("sent", b"cdef", 0.2, "segment"),
        said("received", b"x", 0.3),
        said("sent", b"gh", 0.4),
    )
    seen = connection(replace(whole(), transcript=entries))
    assert [p.data for p in packets(seen, "") if p.data] == [b"ab", b"cdef", b"x", b"gh"]


def test_sequence_numbers_count_what_was_sent() -> None:
    made = list(packets(connection(whole()), "the comment"))
    assert [p.flags for p in made[:3]] == [SYN, SYN | ACK, ACK]
    assert made[0].comment == "the comment"
    for is_clients in (True, False):
        mine = [p for p in made if p.is_clients is is_clients]
        expected = 0
        for packet in mine:
            assert packet.sequence == expected
            expected += len(packet.data) + bool(packet.flags & (SYN | FIN))
    assert made[-1].acknowledgment == made[-2].sequence + 1


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("", [(True, FIN | ACK), (False, FIN | ACK)]),
        ("server-hello:fin", [(False, FIN | ACK), (True, FIN | ACK)]),
        ("server-hello:reset", [(False, RESET | ACK)]),
        ("server-hello:timeout", [(True, FIN | ACK), (False, FIN | ACK)]),
    ],
)
def test_the_end_that_the_failure_names_closes(reason: str, ending: list[tuple[bool, int]]) -> None:
    failure = parse_reason(reason) if reason else None
    made = [p for p in packets(connection(replace(whole(), failure=failure)), "") if not p.data]
    assert [(p.is_clients, p.flags) for p in made[3:]] == ending
    assert {p.time for p in made[3:]} == {(STARTED + timedelta(seconds=0.25)).timestamp()}


@pytest.mark.parametrize(("kind", "answers"), [(Kind.REFUSED, 1), (Kind.TIMEOUT, 0), (Kind.UNREACHABLE, 0)])
def test_a_connection_that_nobody_accepts(tmp_path: Path, kind: Kind, answers: int) -> None:
    nobody = replace(
        whole(), failure=parse_reason(f"connect:{kind.value}"), client_port=None, ends=None, transcript=()
    )
    file = tmp_path / "nobody.pcapng"
    file.write_bytes(capture_of(evidence(nobody)))
    seen = fields(file, "tcp.flags.reset", "frame.comment")
    assert [packet["tcp.flags.reset"] for packet in seen] == [["0"]] + [["1"]] * answers
    assert f"connect:{kind.value}; the addresses are not known" in seen[0]["frame.comment"][0]


def test_what_was_not_kept_is_told_where_it_is_missing() -> None:
    entries = (said("sent", b"a"), said("received", b"b", 1.0))
    seen = connection(replace(whole(), transcript=entries, left_out=LeftOut(1, 500, 70_000)))
    comments = [p.comment for p in packets(seen, "first") if p.comment]
    assert comments == ["first", "500 records and messages (70000 bytes) before this were not kept"]


def test_the_same_evidence_makes_the_same_file() -> None:
    kept = evidence(whole())
    first = capture_of(kept)
    time.sleep(0.01)
    assert capture_of(kept) == first
