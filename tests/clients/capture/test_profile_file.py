"""A profile that is written of a captured client says what the client said: every known client's, too."""

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from clients.capture.answer import Answer
from clients.capture.captured_hello import CapturedHello
from clients.capture.profile_file import NotWritten, check_identity, what_differs, write_profile
from clients.capture.profile_text import Origin
from clients.profile import load_profiles
from handshake.reason import parse_reason
from handshake.wire.client_hello import ClientHello, Extension, pull_hello_flight, push_client_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, ExtensionType
from tests.clients.capture.hellos import NAME, PROFILES, hello

CLIENT, SERVER = (b"\x0a\0\0\1", 5000), (b"\x0a\0\0\3", 443)
ORIGIN = Origin("lo.pcap", "2026-11-30", "The first hello is that of x.")


def said(
    wire: bytes, stream: int = 1, reason: str | None = None, time: float | None = 1.8e9
) -> CapturedHello:
    answer = Answer(failure=None if reason is None else parse_reason(reason))
    return CapturedHello(stream, wire, answer, time, CLIENT, SERVER)


def changed(wire: bytes, **changes: object) -> bytes:
    """The hello with other fields."""
    parsed = pull_hello_flight(wire)
    assert isinstance(parsed, ClientHello)
    body = push_client_hello(replace(parsed, **changes))  # type: ignore[arg-type]
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return push_record(Record(ContentType.HANDSHAKE, int.from_bytes(wire[1:3]), message))


@pytest.mark.parametrize(
    ("client", "name"),
    [(client, NAME) for client in PROFILES] + [(client, None) for client in list(PROFILES)[::20]],
)
def test_a_profile_of_a_known_client_says_what_it_said(client: str, name: str | None, tmp_path: Path) -> None:
    attempts = range(1, len(PROFILES[client].attempts) + 1)
    ladder = [said(hello(client, number, name), number, "server-hello:fin") for number in attempts]
    path, profile = write_profile(tmp_path, "mine", ladder, ORIGIN)
    assert path == tmp_path / "mine.toml"
    assert load_profiles([tmp_path]) == {"mine": profile}
    assert [each.after for each in profile.attempts] == [(), *[("fin",)] * (len(ladder) - 1)]
    for one, attempt in zip(ladder, profile.attempts, strict=True):
        assert what_differs(attempt.template, one) is None


@pytest.mark.parametrize("client", ["chromium-156", "firefox-153", "java-25-httpclient", "firefox-9"])
def test_a_suite_or_an_extension_out_of_place_is_seen(client: str) -> None:
    one = said(hello(client))
    template = PROFILES[client].attempts[0].template.as_written()
    suites = template.cipher_suites
    assert "cipher suite" in str(what_differs(replace(template, cipher_suites=suites[::-1]), one))
    extensions = template.extensions or ()
    assert what_differs(replace(template, extensions=extensions[:-1]), one) is not None


def test_how_a_hello_came_is_kept_where_it_is_the_clients_doing(tmp_path: Path) -> None:
    wire = hello("java-8")
    split = b"".join(
        push_record(Record(ContentType.HANDSHAKE, 0x0303, part))
        for part in (wire[5:9], wire[9:100], wire[100:])
    )
    for number, (segments, kept) in enumerate((((len(split),), ()), ((1448, 300), ()), ((4, 600), (4,)))):
        one = replace(said(split), segments=segments)
        _, profile = write_profile(tmp_path, f"mine-{number}", [one], ORIGIN)
        (attempt,) = profile.attempts
        assert (attempt.records, attempt.segments) == ((4, 91), kept)
        assert what_differs(attempt.template, one) is None
        assert what_differs(attempt.template, said(wire)) is not None


def test_what_the_profile_says_of_itself(tmp_path: Path) -> None:
    ladder = [
        said(hello("java-25-httpclient"), 3, "server-hello:alert-handshake_failure"),
        said(hello("java-25-httpclient", 2), 4),
    ]
    path, profile = write_profile(tmp_path / "new", "mine", ladder, ORIGIN)
    table = tomllib.loads(path.read_text())
    assert table["provenance"]["kind"] == "captured"
    assert table["provenance"]["source"] == "lo.pcap, stream 3 at 2027-01-15 08:00:00 UTC, from 10.0.0.1:5000"
    assert "The first hello is that of x. That the later hellos are retries" in table["provenance"]["note"]
    assert table["attempt"][1] == {
        "evidence": "lo.pcap, stream 4",
        "after": ["alert:handshake_failure"],
        "without": ["application_layer_protocol_negotiation"],
    }
    assert profile.is_default


def test_a_time_in_the_random_is_recognised(tmp_path: Path) -> None:
    random = int(1.8e9 - 100).to_bytes(4, "big") + bytes(range(28))
    words = {1.8e9: "gmt_unix_time", None: "random-bytes", 1.7e9: "random-bytes"}
    for number, (time, word) in enumerate(words.items()):
        one = said(changed(hello("java-8"), random=random), time=time)
        _, profile = write_profile(tmp_path, f"mine-{number}", [one], ORIGIN)
        assert profile.attempts[0].random_begins_with == word


def test_drawn_values_and_a_permuted_order_are_inferred(tmp_path: Path) -> None:
    first = hello("chromium-156")
    parsed = pull_hello_flight(first)
    assert isinstance(parsed, ClientHello)
    extensions = parsed.extensions or ()
    turned = (extensions[0], *extensions[-2:0:-1], extensions[-1])
    ladder = [said(first, 1, "server-hello:fin"), said(changed(first, extensions=turned), 2)]
    _, profile = write_profile(tmp_path, "mine", ladder, ORIGIN)
    for attempt in profile.attempts:
        assert (attempt.grease, attempt.order) == ("drawn", "permuted")
        assert len(attempt.unmoved) == 2


def test_what_belongs_to_an_earlier_session_is_left_out(tmp_path: Path) -> None:
    wire = hello("openssl-3.0")
    parsed = pull_hello_flight(wire)
    assert isinstance(parsed, ClientHello)
    others = [each for each in parsed.extensions or () if each.extension_type != ExtensionType.SESSION_TICKET]
    resumed = (
        *others,
        Extension(ExtensionType.SESSION_TICKET, b"ticket"),
        Extension(ExtensionType.EARLY_DATA),
        Extension(ExtensionType.PRE_SHARED_KEY, bytes.fromhex("0007 0001aa00000000 0003 02bbbb")),
    )
    fresh = (*others, Extension(ExtensionType.SESSION_TICKET))
    ladder = [said(changed(wire, extensions=resumed))]
    path, profile = write_profile(tmp_path, "mine", ladder, ORIGIN)
    assert what_differs(profile.attempts[0].template, said(changed(wire, extensions=fresh))) is None
    assert "what is of that is left out: early_data, pre_shared_key." in path.read_text()


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (changed(hello("java-8"), extensions=(Extension(23), Extension(23))), "has an extension twice"),
        (hello("java-8")[:50], "cannot be read: why"),
    ],
    ids=["twice", "cut"],
)
def test_of_what_no_profile_can_be_made(wire: bytes, why: str, tmp_path: Path) -> None:
    one = said(wire)
    one = one if one.flight is not None else replace(one, problem="why")
    with pytest.raises(NotWritten, match=f"--id mine: the hello of stream 1 {why}"):
        write_profile(tmp_path, "mine", [one], ORIGIN)
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("what is there")
    with pytest.raises(NotWritten, match=r"mine\.toml: is there already; remove it, or choose another id"):
        write_profile(tmp_path, "mine", [said(hello("java-8"))], ORIGIN)
    assert (tmp_path / "mine.toml").read_text() == "what is there"


@pytest.mark.parametrize("identity", ["", "Mine", "../mine", "a/b", "genuine-mine", "-x", "a b"])
def test_an_id_that_no_profile_can_have(identity: str) -> None:
    with pytest.raises(NotWritten, match="write small letters"):
        check_identity(identity, ())


def test_an_id_that_is_taken() -> None:
    check_identity("mine-1.0", PROFILES)
    with pytest.raises(NotWritten, match="--id java-8: there is a client with this id; choose another"):
        check_identity("java-8", PROFILES)
