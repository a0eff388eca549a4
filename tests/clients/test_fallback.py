"""The ladder's rules, word by word and, for Firefox 9, alert by alert."""

import pytest
from pydantic import TypeAdapter

from clients.fallback import next_attempt
from clients.fields import Trigger
from clients.profile import load_profiles
from handshake.errors import Fault
from handshake.events import Phase
from handshake.reason import Cause, Kind, Reason, parse_cause, parse_causes
from handshake.wire.registry import alert_name

PROFILES = load_profiles()
check_trigger = TypeAdapter(Trigger).validate_python

# Research note on NSS, section 4: what NSS 3.13.1 makes of each fatal alert (measured), and whether the error
# is in PSM's isTLSIntoleranceError (read). An alert without a name in NSS's table becomes RX_UNKNOWN_ALERT,
# which is in the list.
NSS_RETRIES = {0, 10, 20, 40, 47, 50, 70}
NSS_GIVES_UP = {
    *(21, 22, 30, 41, 42, 43, 44, 45, 46, 48, 49, 51, 60, 71, 80, 90, 100, 110, 111, 112, 113, 114),
}


@pytest.mark.parametrize("code", range(256))
def test_firefox_9_on_each_alert(code: int) -> None:
    failure = Reason(Phase.SERVER_HELLO, parse_cause(f"alert-{alert_name(code)}"))
    expected = None if code in NSS_GIVES_UP else 1
    assert next_attempt(PROFILES["firefox-9"].player, 0, failure) == expected
    assert (code in NSS_RETRIES) <= (expected == 1)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("fin", 1),  # PR_END_OF_FILE_ERROR
        ("close_notify", 1),  # SSL_ERROR_CLOSE_NOTIFY_ALERT
        ("reset", 1),  # PR_CONNECT_RESET_ERROR
        ("timeout", 1),  # the stall of 25 s
        ("refused", None),
        ("unreachable", None),
        ("policy-protocol_version", None),
        ("unsupported-TLS_NULL_WITH_NULL_NULL", None),
        *(
            (
                f"protocol-error-{fault.value}",
                1
                if fault
                in {
                    Fault.BAD_RECORD_MAC,  # BAD_MAC_READ, BAD_BLOCK_PADDING
                    Fault.BAD_FINISHED,  # RX_MALFORMED_FINISHED, BAD_HANDSHAKE_HASH_VALUE
                    Fault.RENEGOTIATION_INFO,  # END_OF_FILE: the server ends at the alert, NSS goes on
                    Fault.EMPTY_RECORD,  # END_OF_FILE, which NSS takes it for
                    Fault.CIPHER_SUITE_NOT_OFFERED,  # NO_CYPHER_OVERLAP
                }
                else None,
            )
            for fault in Fault
        ),
    ],
)
def test_firefox_9_on_other_failures(cause: str, expected: int | None) -> None:
    failure = Reason(Phase.SERVER_HELLO, parse_cause(cause))
    assert next_attempt(PROFILES["firefox-9"].player, 0, failure) == expected


@pytest.mark.parametrize("phase", Phase)
def test_fallback_happens_during_the_first_handshake_only(phase: Phase) -> None:
    handshake = phase.value in {"client-hello", "server-hello", "certificate", "key-exchange", "finished"}
    failure = Reason(phase, Cause(Kind.FIN))
    assert next_attempt(PROFILES["firefox-9"].player, 0, failure) == (1 if handshake else None)


def test_the_last_attempt_has_no_successor() -> None:
    assert next_attempt(PROFILES["firefox-9"].player, 1, Reason(Phase.SERVER_HELLO, Cause(Kind.FIN))) is None


@pytest.mark.parametrize("client", ["ie6-winxp", "ie8-winxp", "ie8-winxp-ms10-049", "ie7-vista", "ie8-win7"])
def test_wininet_retries_after_fin_and_unexpected_message_alone(client: str) -> None:
    player = PROFILES[client].player
    causes = [
        "close_notify",
        "fin",
        "reset",
        "timeout",
        *(f"alert-{alert_name(code)}" for code in range(256)),
    ]
    retried = [c for c in causes if next_attempt(player, 0, Reason(Phase.SERVER_HELLO, parse_cause(c))) == 1]
    assert retried == ["fin", "alert-unexpected_message"]


def test_chromium_retries_but_after_alerts_that_it_has_an_error_of_its_own_for() -> None:
    """Measured with Chromium 156.0.8078.108 for 37 of these alerts, close_notify, FIN and a reset."""
    player = PROFILES["chromium-156"].player
    alerts = {code: parse_cause(f"alert-{alert_name(code)}") for code in range(1, 256)}
    causes = {
        code: next_attempt(player, 0, Reason(Phase.SERVER_HELLO, cause)) for code, cause in alerts.items()
    }
    final = {code for code, index in causes.items() if index is None}
    assert final == {20, 30, 42, 43, 44, 45, 46, 48, 51, 112, 116}
    for cause in ("fin", "reset", "close_notify", "protocol-error-decode", "protocol-error-not-tls"):
        assert next_attempt(player, 0, Reason(Phase.SERVER_HELLO, parse_cause(cause))) == 1
    assert next_attempt(player, 0, Reason(Phase.SERVER_HELLO, parse_cause("timeout"))) is None


def test_nobody_else_retries() -> None:
    ladders = {name for name, profile in PROFILES.items() if len(profile.attempts) > 1}
    of_old = {"firefox-3.6", "firefox-9", "ie6-winxp", "ie7-vista", "ie8-win7", "ie8-winxp"}
    of_java = {f"java-{release}-httpclient" for release in (11, 17, 21, 25)}
    of_today = {"chromium-156", "firefox-153", "elinks", "links2-2.28"}
    assert ladders == of_old | {"ie8-winxp-ms10-049"} | of_java | of_today


@pytest.mark.parametrize(
    ("trigger", "causes"),
    [
        ("fin", {"fin"}),
        ("close_notify", {"close_notify"}),
        ("alert:close_notify", {"close_notify"}),
        ("alert:0-1", {"close_notify", "alert-alert_1"}),
        ("alert:40", {"alert-handshake_failure"}),
        ("alert:handshake_failure", {"alert-handshake_failure"}),
        ("alert:1-2", {"alert-alert_1", "alert-alert_2"}),
        ("alert:255", {"alert-alert_255"}),
        ("protocol-error:not-tls", {"protocol-error-not-tls"}),
    ],
)
def test_words_of_after(trigger: str, causes: set[str]) -> None:
    assert {str(cause) for cause in parse_causes(trigger)} == causes


@pytest.mark.parametrize(
    "trigger",
    [
        "",
        "FIN",
        "fin:1",
        "refused",
        "alert",
        "alert:",
        "alert:no_such",
        "alert:256",
        "alert:9-1",
        "alert:1-",
        "protocol-error:x",
    ],
)
def test_other_words_are_refused(trigger: str) -> None:
    with pytest.raises(ValueError, match=r"write|unknown"):
        check_trigger(trigger)
