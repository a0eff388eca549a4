"""The stories of a page: told once, in order of what matters, within the room that there is."""

from dataclasses import replace

import pytest

from clients.profile import load_profiles
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.page.run_page import render_html
from matrix.reports.page.sources import Sources, profiles_of
from matrix.results.environment import profiles_digest
from matrix.results.evidence import Entry, Evidence, ServerView
from matrix.results.run_file import AskedRecord, RunFile, TargetRecord
from matrix.results.timings import NO_TIMINGS
from tests.matrix.page.packed import chunks, data, story_of
from tests.matrix.runs import ALERT, cell, evidence, run

ALERT_ENTRY = Entry("received", "record", "alert", 0.0, bytes.fromhex("1503010002020a"), b"\x02\x0a")
PLAIN = [cell("web@1", f"plain-{number}") for number in range(40)]
FAILING = [
    cell("web@1", f"failing-{number}", Outcome.FAILS, note=f"note {number} {'x' * 400}")
    for number in range(40)
]


def seen(*entries: Entry, seconds: float = 0.0) -> Evidence:
    """The evidence of a failure with this transcript."""
    found = evidence("web@1/a/connect", ALERT)
    attempt = replace(found.attempts[0], transcript=list(entries), seconds=seconds)
    return replace(found, attempts=[attempt])


def messages(found: Evidence) -> list[list[object]]:
    """The messages of the only attempt, as the page has them."""
    page = render_html(run(cell("web@1", "a", Outcome.FAILS)), sources=Sources(lambda _: found))
    story = story_of(page, "web@1", "a")
    assert story is not None
    told: list[list[object]] = story["lists"]["attempts"][story["attempts"][0][1]]["messages"]
    return told


def test_cells_that_went_alike_share_one_story() -> None:
    page = render_html(run(*PLAIN, cell("web@1", "other", Outcome.FAILS)))
    (chunk,) = chunks(page)
    assert len(chunk["stories"]) == 2
    assert story_of(page, "web@1", "plain-1") == story_of(page, "web@1", "plain-2")


@pytest.mark.long
def test_where_there_is_no_room_plain_passes_go_first_and_the_page_keeps_within_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matrix.reports.page.chunks.CHUNK_SIZE", 4_000)
    passes = [cell("web@1", f"plain-{number}", expected_why=f"{number} {'y' * 400}") for number in range(40)]
    content = run(*passes, *FAILING)
    whole, bare = (len(render_html(content, most_bytes=room).encode()) for room in (10**9, 0))
    kept = []
    for room in range(whole + 1_000, bare, (bare - whole) // 8):
        page = render_html(content, most_bytes=room)
        assert len(page.encode()) <= room
        told = {name for name in content.clients if story_of(page, "web@1", name) is not None}
        failing = {name for name in told if name.startswith("failing")}
        assert len(failing) == 40 or failing == told
        kept.append((len(failing), len(told)))
    assert kept[0] == (40, 80)
    assert kept == sorted(kept, reverse=True)
    assert kept[-1][0] < 40


def test_full_chunks_are_unpacked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matrix.reports.page.chunks.CHUNK_SIZE", 4_000)
    page = render_html(run(*PLAIN, *FAILING))
    assert len(chunks(page)) > 3
    for number in range(40):
        story = story_of(page, "web@1", f"failing-{number}")
        assert story is not None
        assert ["note", f"note {number} {'x' * 400}"] in story["facts"]


def test_the_same_run_makes_the_same_page() -> None:
    content = run(*PLAIN, *FAILING)
    turned = content.model_copy(update={"cells": content.cells[::-1]})
    assert render_html(content) == render_html(content)
    assert story_of(render_html(turned), "web@1", "failing-3") == story_of(
        render_html(content), "web@1", "failing-3"
    )


def test_a_message_is_told_by_what_it_says() -> None:
    assert messages(seen(ALERT_ENTRY)) == [["received", "alert", 7, "fatal unexpected_message (10)", 0]]
    odd = replace(ALERT_ENTRY, decrypted=b"\x02")
    assert messages(seen(odd))[0][3] == "cannot be read: 02"
    text = Entry("received", "record", "application_data", 0.0, b"x" * 40, b"HTTP/1.0 200 OK\r\nServer: x")
    assert messages(seen(text))[0][3] == "HTTP/1.0 200 OK"


def test_a_record_is_told_where_no_message_came_of_it() -> None:
    record = Entry("received", "record", "handshake", 0.0, b"x" * 9, b"x" * 4)
    hello = Entry("received", "message", "ServerHelloDone", 0.0, b"x" * 4, b"\x0e\x00\x00\x00")
    assert [message[1] for message in messages(seen(record, hello))] == ["ServerHelloDone"]
    assert [message[1] for message in messages(seen(record))] == ["handshake"]


def test_a_wait_that_a_person_notices_is_told_and_no_other_time() -> None:
    early, late = replace(ALERT_ENTRY, time=0.01), replace(ALERT_ENTRY, time=1.51)
    assert [message[4] for message in messages(seen(early, late))] == [0, 1.5]
    assert messages(seen(early, seconds=2.01))[-1] == ["", "the end", 0, "", 2.0]


def test_both_sides_are_told_and_a_log_is_bounded() -> None:
    found = seen(ALERT_ENTRY)
    view = ServerView(alert_sent="unexpected_message", reason="odd", log=[f"line {n}" for n in range(1000)])
    found = replace(found, attempts=[replace(found.attempts[0], server_view=view)])
    page = render_html(run(cell("web@1", "a", Outcome.FAILS)), sources=Sources(lambda _: found))
    (attempt,) = chunks(page)[0]["attempts"]
    assert attempt["server"] == [["alert sent", "unexpected_message"], ["reason", "odd"]]
    assert len(attempt["log"]) == 41
    assert attempt["log"][-1] == "line 999"
    assert attempt["log"][0] == "(960 lines before are in the evidence)"


def test_evidence_that_cannot_be_read_is_told_and_the_run_file_tells_the_rest() -> None:
    def unreadable(cell_id: str) -> Evidence | None:
        raise UnreadableRun(f"{cell_id}: is damaged")

    page = render_html(run(cell("web@1", "a", Outcome.FAILS)), sources=Sources(unreadable))
    story = story_of(page, "web@1", "a")
    assert story is not None
    assert ["evidence", "web@1/a/connect: is damaged"] in story["facts"]
    assert story["messages"] is False
    assert len(story["attempts"]) == 1


def played(*clients: str) -> RunFile:
    """A run of profiles, of which the first fails."""
    first, *rest = clients
    content = run(cell("web@1", first, Outcome.FAILS), *(cell("web@1", client) for client in rest))
    known = load_profiles()
    digest = profiles_digest(known[client] for client in clients)
    update = {"profiles_digest": digest, "asked": AskedRecord(clients=sorted(clients))}
    return content.model_copy(update={"run": content.run.model_copy(update=update)})


def test_the_nearest_client_that_works_is_named_with_what_differs() -> None:
    content = played("openssl-3.5", "ie6-winxp", "openssl-3.0")
    page = render_html(content, sources=Sources(profiles=profiles_of(content, load_profiles())))
    story = story_of(page, "web@1", "openssl-3.5")
    assert story is not None
    difference = story["lists"]["differences"][story["difference"]]
    assert difference["client"] == "openssl-3.0"
    assert any(line.startswith("< ") for line in difference["differences"])
    works = story_of(page, "web@1", "openssl-3.0")
    assert works is not None
    assert works["difference"] is None


def test_a_cell_without_evidence_has_the_hellos_of_its_profile() -> None:
    content = played("openssl-3.5", "ie6-winxp")
    page = render_html(content, sources=Sources(profiles=profiles_of(content, load_profiles())))
    story = story_of(page, "web@1", "ie6-winxp")
    assert story is not None
    lists = story["lists"]
    hello = lists["hellos"][lists["attempts"][story["attempts"][0][1]]["hello"]]
    assert ["0x0004", "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", "SSL_RSA_WITH_RC4_128_MD5"] in [
        lists["suites"][number] for number in hello["suites"]
    ]


def test_profiles_that_have_changed_since_say_nothing_of_a_run() -> None:
    content = played("openssl-3.5", "ie6-winxp")
    assert set(profiles_of(content, load_profiles())) == {"openssl-3.5", "ie6-winxp"}
    other = content.model_copy(update={"run": content.run.model_copy(update={"profiles_digest": "00"})})
    assert profiles_of(other, load_profiles()) == {}


def test_a_row_that_says_something_is_marked_as_the_terminal_has_it() -> None:
    content = run(
        cell("web@1", "dull"),
        cell("web@1", "odd", Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE),
        cell("web@1", "worse", Outcome.FAILS),
        cell("web@1", "noted", notes=["look"]),
    )
    found = data(render_html(content, NO_TIMINGS))
    rows = {found["clients"][row["client"]]["id"]: row for row in found["groups"][0]["rows"]}
    assert [name for name, row in rows.items() if row["differs"]] == ["noted", "odd", "worse"]
    assert [name for name, row in rows.items() if row["unexpected"]] == ["worse"]


def test_a_target_is_asked_again_as_it_was_asked() -> None:
    content = run(cell("mine", "a", Outcome.FAILS))
    target = TargetRecord(name="mine", address="192.0.2.1:25", server_name="mail.example", starttls="smtp")
    update = {"asked": AskedRecord(targets=[target])}
    content = content.model_copy(update={"run": content.run.model_copy(update=update)})
    (server,) = data(render_html(content))["servers"]
    assert server["repeat"] == "./tls-matrix run --target mine=192.0.2.1:25,sni=mail.example,starttls=smtp"
