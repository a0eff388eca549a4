"""What profiles do about every departure of a server, held against what their programs were seen to do
(tests/vectors/client-reactions.json, and library-reactions.json). In memory: the programs are not needed.
"""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.fidelity.reactions.__main__ import compared
from bench.fidelity.reactions.differences import KNOWN, agrees
from bench.fidelity.reactions.played import played
from bench.fidelity.reactions.vectors import (
    LIBRARIES_FILE,
    PROTECTING,
    Measured,
    is_kept,
    read_vectors,
    renewed,
    write_vectors,
)
from clients.profile import load_profiles
from clients.reaction import UNKNOWN_ALERT, Does, Reaction
from handshake.accepts import Accepts, parse_answer
from handshake.client.connection import ClientConnection
from handshake.events import AlertReceived
from handshake.fault_names import check_fault_name
from handshake.hello_template import HelloFormat
from handshake.server.departures.collection import departures
from handshake.wire.record import Record, push_record
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType

PROFILES = load_profiles()
VECTORS = [*read_vectors(), *read_vectors(LIBRARIES_FILE)]
LEAST_ROWS = 5400
PROGRAMS = (
    "openssl-1.0.0",
    "openssl-1.0.1",
    "openssl-1.0.2",
    "openssl-1.1.1",
    "openssl-3.0",
    "openssl-3.4",
    "openssl-4.0",
    "gnutls",
    "nss",
    "jsse-11",
    "jsse-17",
    "jsse-21",
    "jsse-25",
    "sunjsse-6b18",
    "sunjsse-6b28",
    "sunjsse-7u85",
    "sunjsse-8u161",
)
OTHERS = ("bun", "go", "deno")
LIBRARIES = ("libssl-3.13.1", "libssl-3.77", "libssl-3.87.1")


def test_the_programs_are_there_with_rows_enough() -> None:
    programs = [measured.program for measured in VECTORS]
    for name in (*PROGRAMS, *OTHERS):
        assert any(program.startswith(f"genuine-{name}") for program in programs), name
    assert sum(len(measured.reactions) for measured in VECTORS) >= LEAST_ROWS
    assert set(LIBRARIES) <= set(programs)


@pytest.mark.long(but=["genuine-openssl-1.0.2o-*", "genuine-sunjsse-6b22-*", "genuine-jsse-21.0.8-*"])
@pytest.mark.parametrize("measured", VECTORS, ids=[f"{one.program}-{one.profile}" for one in VECTORS])
def test_a_profile_does_what_its_program_does(measured: Measured) -> None:
    player, known = PROFILES[measured.profile].player, KNOWN.get(measured.profile, {})
    own = {name: played(player, departures()[name]).reaction for name in measured.reactions}
    different = {
        name: (str(genuine), str(own[name]))
        for name, genuine in measured.reactions.items()
        if not agrees(genuine, own[name])
    }
    assert {name: both for name, both in different.items() if name not in known} == {}
    # One that is mended is to be taken off the list. Not every known difference is a row for every program.
    assert [name for name in known if name in measured.reactions and name not in different] == []


WITH_A_TABLE = [
    ("gnutls-3.7", "session-id-echo-wrong"),
    ("gnutls-3.7", "server-hello-extension-twice"),
    ("gnutls-3.7", "alert-level-3"),
    ("openssl-1.0.2", "alert-in-two-records"),
    ("openssl-1.0.0", "unknown-record-in-handshake"),
    ("java-7", "session-id-33-bytes"),
    ("java-7", "unknown-record-in-handshake"),
    ("java-7-ga", "certificate-twice"),
    ("java-7-ga", "certificate-request-twice"),
    ("java-7-ga", "server-key-exchange-twice"),
]


@pytest.mark.parametrize(("profile", "name"), WITH_A_TABLE)
def test_without_its_table_a_profile_does_what_the_rfcs_say(profile: str, name: str) -> None:
    measured = next(one for one in VECTORS if one.profile == profile)
    player = PROFILES[profile].player
    plain = replace(player, policy=replace(player.policy, accepts=Accepts()))
    assert measured.reactions[name].does == Does.GOES_ON
    assert played(player, departures()[name]).reaction.does == Does.GOES_ON
    assert played(plain, departures()[name]).reaction.does.startswith("alert:")


def test_a_hello_in_sslv2_format_is_one_hello() -> None:
    assert PROFILES["java-6"].attempts[0].template.format is HelloFormat.SSLV2
    assert played(PROFILES["java-6"].player, departures()["alert-level-3"]).reaction.hellos == 1


def test_a_program_is_compared_with_the_profile_that_it_is_said_to_be_played_by(tmp_path: Path) -> None:
    own = 'id = "genuine-mine-1"\ntitle = "Mine"\ncommand = ["true", "{port}"]\n'
    (tmp_path / "genuine-mine-1.toml").write_text(own)
    pairs = compared(["genuine-mine-*"], [tmp_path], [("genuine-mine-1", "java-8")])
    assert [(program.id, profile.id) for program, profile in pairs] == [("genuine-mine-1", "java-8")]
    assert compared(["genuine-mine-*"], [tmp_path]) == []
    with pytest.raises(KeyError, match="genuine-mine-2"):
        compared(["*"], [tmp_path], [("genuine-mine-2", "java-8")])


@pytest.mark.parametrize(
    ("profile", "does"),
    [("openssl-1.0.2", "alert:decode_error"), ("openssl-1.1.1", "alert:unexpected_message")],
)
def test_an_extension_block_without_extensions_is_an_error_for_openssl_1_0(profile: str, does: str) -> None:
    """1.1.1 reads the block, and refuses the ticket that it then does not expect."""
    reaction = played(PROFILES[profile].player, departures()["server-hello-empty-extension-block"]).reaction
    assert reaction.does == does


@pytest.mark.parametrize(("profile", "reads_on"), [("openssl-1.0.2", True), ("openssl-3.4", False)])
def test_an_alert_in_two_records(profile: str, reads_on: bool) -> None:
    """A fatal one ends the connection when its second byte is there, where its first one is no error."""
    player = PROFILES[profile].player
    connection = ClientConnection(
        player.hellos[0].template,
        server_name=None,
        limits=player.limits,
        policy=player.policy,
        entropy=os.urandom,
    )
    connection.start(0.0)
    ended = []
    for byte in (AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE):
        connection.receive_data(push_record(Record(ContentType.ALERT, 0x0303, bytes((byte,)))), 0.0)
        ended.append(connection.is_ended)
    assert ended == [not reads_on, True]
    events = list(iter(connection.next_event, None))
    read = AlertReceived(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE, True)
    assert (read in events) is reads_on


def test_each_known_difference_is_of_a_profile_and_a_departure() -> None:
    for profile, reasons in KNOWN.items():
        assert profile in PROFILES
        for name, why in reasons.items():
            assert name in departures()
            assert why


def test_what_protects_is_kept_where_it_is_refused() -> None:
    assert departures().keys() >= PROTECTING
    for name in PROTECTING:
        assert is_kept(name, Reaction("alert:illegal_parameter", "hello"))
        assert not is_kept(name, Reaction(Does.GOES_ON))
    assert is_kept("server-hello-trailing-byte", Reaction(Does.GOES_ON))


def test_vectors_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("vectors") / "reactions.json"
    write_vectors(VECTORS, file)
    assert read_vectors(file) == VECTORS


def one_row(profile: str, program: str, **rows: str) -> Measured:
    reactions = {name.replace("_", "-"): Reaction(does) for name, does in rows.items()}
    return Measured(program, profile, "2026-11-29", reactions)


def test_rows_that_were_not_asked_for_stay() -> None:
    before = [one_row("a", "genuine-a-1", alert_level="closes", cookie="closes"), one_row("b", "genuine-b-1")]
    after = [one_row("a", "genuine-a-1", cookie="goes-on")]
    mixed = one_row("a", "genuine-a-1", alert_level="closes", cookie="goes-on")
    assert renewed(before, after, {"cookie"}) == [mixed, before[1]]
    assert renewed(before, after, {"cookie", "alert-level"}) == [after[0], before[1]]
    assert renewed(before[1:], after, {"cookie"}) == [after[0], before[1]]


def test_rows_of_another_version_of_a_program_go() -> None:
    before = [one_row("a", "genuine-a-1", alert_level="closes")]
    after = [one_row("a", "genuine-a-2", cookie="goes-on")]
    assert renewed(before, after, {"cookie"}) == after


def test_browsers_are_measured_where_they_are_named() -> None:
    browsers = ("genuine-chromium-*", "genuine-firefox-*")
    default, named, every = (
        {program.id for program, _ in compared(patterns)} for patterns in ((), browsers, ("*",))
    )
    assert not default & named
    assert default | named == every
    assert all(name.startswith(("genuine-chromium-", "genuine-firefox-")) for name in named)


def test_an_alert_that_nobody_could_read_agrees_with_any() -> None:
    unread = Reaction(UNKNOWN_ALERT, "hello")
    assert agrees(unread, Reaction("alert:decode_error", "hello"))
    assert not agrees(unread, Reaction("alert:decode_error", "second flight"))
    assert not agrees(unread, Reaction(Does.CLOSES, "hello"))
    assert not agrees(Reaction("alert:decode_error", "hello"), Reaction("alert:illegal_parameter", "hello"))


def test_every_name_and_answer_of_a_profile_is_known() -> None:
    for profile in PROFILES.values():
        for name, answer in profile.accepts.answers.items():
            check_fault_name(name)
            assert parse_answer(str(answer)) == answer
