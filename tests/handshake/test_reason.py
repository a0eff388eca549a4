"""Reasons: each is printed and read back, each has words of its own, and its details reach the sentence."""

from dataclasses import replace

import pytest

from handshake.errors import Fault
from handshake.events import Phase
from handshake.reason import (
    WHEN,
    Breach,
    Cause,
    Detail,
    Kind,
    Reason,
    Rule,
    parse_cause,
    parse_causes,
    parse_reason,
    saved_reason,
)
from handshake.wire.registry import AlertDescription, alert_in_words, alert_name

ALERTS = [alert_name(code) for code in range(256) if code != AlertDescription.CLOSE_NOTIFY]
CAUSES = [
    *(
        Cause(kind)
        for kind in Kind
        if kind not in (Kind.ALERT, Kind.POLICY, Kind.PROTOCOL_ERROR, Kind.UNSUPPORTED)
    ),
    *(Cause(Kind.ALERT, name) for name in ALERTS),
    *(rule.cause for rule in Rule if rule is not Rule.WARNING),
    *(Cause(Kind.POLICY, f"warning-{name}") for name in ALERTS),
    *(Cause(Kind.PROTOCOL_ERROR, fault.value) for fault in Fault),
    *(breach.cause for breach in Breach),
    Cause(Kind.UNSUPPORTED, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
]
REASONS = [Reason(phase, cause) for phase in Phase for cause in CAUSES]


@pytest.mark.parametrize("phase", Phase)
def test_each_reason_of_a_phase_is_read_back(phase: Phase) -> None:
    for cause in CAUSES:
        reason = Reason(phase, cause)
        assert parse_reason(str(reason)) == saved_reason(str(reason)) == reason
        assert parse_cause(str(cause)) == cause
        assert parse_causes(str(cause)) == {cause}


def test_each_reason_has_words_of_its_own() -> None:
    """The words of a kind alone, with what exactly in brackets, are for words of a later version."""
    for reason in REASONS:
        assert "(" + reason.what + ")" not in reason.sentence or not reason.what
        assert not reason.sentence.endswith(".")
        assert not {"{", "}"} & set(reason.sentence)
    for phase in Phase:
        said = [Reason(phase, cause).sentence for cause in CAUSES]
        assert len(set(said)) == len(said)


def test_each_phase_has_words_of_its_own() -> None:
    assert set(WHEN) == set(Phase)
    assert len(set(WHEN.values())) == len(Phase)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("alert:40", "alert-handshake_failure"),
        ("alert:handshake_failure", "alert-handshake_failure"),
        ("alert-40", "alert-handshake_failure"),
        ("alert-alert_40", "alert-handshake_failure"),
        ("alert-alert_199", "alert:199"),
        ("alert-close_notify", "close_notify"),
        ("alert:0", "close_notify"),
        ("protocol-error:not-tls", "protocol-error-not-tls"),
    ],
)
def test_other_notations_mean_the_same(text: str, same: str) -> None:
    assert parse_cause(text) == parse_cause(same)


def test_a_range_of_alerts_is_several_causes() -> None:
    assert {str(cause) for cause in parse_causes("alert:0-2")} == {
        "close_notify",
        "alert-alert_1",
        "alert-alert_2",
    }


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "is no reason; write <phase>:<cause>"),
        ("server-hello", "is no reason"),
        ("server-hello:", "is no reason"),
        ("serverhello:fin", "did you mean server-hello"),
        ("server-hello:FIN", "is no cause; write one of alert-<what>"),
        ("server-hello:fin-x", "is no cause"),
        ("server-hello:alert", "is no cause"),
        ("server-hello:alert-", "unknown alert"),
        ("server-hello:alert-handshake_failur", "did you mean handshake_failure"),
        ("server-hello:alert-256", "write 0 to 255"),
        ("server-hello:policy-dh-prime", "did you mean dh-prime-bits"),
        ("server-hello:protocol-error-decod", "did you mean decode"),
        ("server-hello:unsupported-", "needs the IANA name"),
    ],
)
def test_what_is_no_reason_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"write|unknown|needs") as raised:
        parse_reason(text)
    assert hint in str(raised.value)


def test_a_saved_reason_may_have_words_of_a_later_version() -> None:
    later = saved_reason("finished:protocol-error-something-new")
    assert str(later) == "finished:protocol-error-something-new"
    assert "breaks the protocol (something-new) when the handshake should end" in later.sentence
    assert "refuses to go on (new-rule)" in saved_reason("finished:policy-new-rule").sentence
    with pytest.raises(ValueError, match="is no cause"):
        saved_reason("finished:something-new")


@pytest.mark.parametrize(
    ("reason", "detail", "said"),
    [
        (
            "key-exchange:policy-dh-prime-bits",
            Detail("768 bits", "it requires 1024"),
            "the client rejects the server's Diffie-Hellman group: 768 bits, it requires 1024",
        ),
        (
            "server-hello:timeout",
            Detail(seconds=2.0),
            "the server stays silent for 2 s in answer to the client's hello",
        ),
        ("server-hello:timeout", Detail(), "the server stays silent in answer to the client's hello"),
        (
            "finished:alert-handshake_failure",
            Detail(certificate_requested=True),
            "the server sends the alert handshake_failure when the handshake should end, "
            "after it had asked for a client certificate",
        ),
        (
            "connect:protocol-error-starttls-refused",
            Detail(said="454 no"),
            'the server refuses to begin TLS when the connection is made; the server said "454 no"',
        ),
        (
            "certificate:timeout",
            Detail(seconds=2.0, unfinished="a record", received=31),
            "the server stops, or sends too slowly, in the middle of a record when its certificate is due: "
            "31 bytes of it came in 2 s",
        ),
        (
            "server-hello:fin",
            Detail(unfinished="a handshake message", received=1),
            "the server closes the connection without an alert (FIN), in the middle of a handshake message "
            "in answer to the client's hello: 1 byte of it came",
        ),
        ("connect:refused", Detail(), "nobody accepts the connection"),
        (
            "server-hello:close_notify",
            Detail(),
            "the server closes the connection (close_notify) in answer to the client's hello",
        ),
        ("certificate:policy-not-requested", Detail(), "the server does not ask for a certificate"),
        ("renegotiation:policy-not-requested", Detail(), "the server does not ask for a renegotiation"),
        (
            "renegotiation:policy-no_renegotiation",
            Detail(),
            "the client closes the connection because its renegotiation was refused",
        ),
    ],
)
def test_details_reach_the_sentence(reason: str, detail: Detail, said: str) -> None:
    assert replace(parse_reason(reason), detail=detail).sentence == said


def test_details_decide_nothing_and_travel() -> None:
    detail = Detail("768 bits", "it requires 1024", 2.0, True, "no", unfinished="a record", received=3)
    bare = parse_reason("server-hello:fin")
    assert replace(bare, detail=detail) == bare
    assert Detail.from_json(detail.to_json()) == detail
    assert Detail().to_json() == {}
    assert Detail.from_json({"said": "no", "of_a_later_version": 1}) == Detail(said="no")


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (
            Cause(Kind.ALERT, "alert_238"),
            "the server sends the alert 238 (unknown) in answer to the client's hello",
        ),
        (
            Cause(Kind.ALERT, "handshake_failure"),
            "the server sends the alert handshake_failure in answer to the client's hello",
        ),
        (Cause(Kind.POLICY, "warning-alert_238"), f"{Rule.WARNING.words} 238 (unknown)"),
    ],
)
def test_an_alert_without_a_name_is_said_by_its_number(cause: Cause, said: str) -> None:
    assert Reason(Phase.SERVER_HELLO, cause).sentence == said
    assert alert_in_words(alert_name(238)) == "238 (unknown)"
    assert alert_in_words(alert_name(40)) == "handshake_failure"
