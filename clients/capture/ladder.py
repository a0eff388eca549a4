"""Which hellos of a capture are one client's that tried again. Pure.

A retry is inferred: the same address connects to the same server again, within `PATIENCE_SECONDS` of the
failure of the connection before, for the same server name, with the same hello, one with less in it, or one
of a lower version. Whoever starts the same program again that soon looks the same.
"""

from collections.abc import Iterable

from clients.capture.captured_hello import CapturedHello, highest_version
from clients.capture.segment import Endpoint
from handshake.events import Phase
from handshake.features import FirstFlight
from handshake.reason import Cause, Kind
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV, TLS_FALLBACK_SCSV
from handshake.wire.registry import ExtensionType, is_grease

PATIENCE_SECONDS = 5.0
"""Chromium, Firefox and Java's HttpClient connect again within milliseconds, Internet Explorer within one
second (research note on servers, section 3); a client that waited for an answer first waits as long again.
"""
CLOCK_SECONDS = 0.001
"""In which a client may be seen to connect again before the end that it answers is seen."""
_LEADS_ON = frozenset(
    {Kind.FIN, Kind.RESET, Kind.CLOSE_NOTIFY, Kind.ALERT, Kind.TIMEOUT, Kind.PROTOCOL_ERROR}
)
_SIGNALS = frozenset({TLS_FALLBACK_SCSV, TLS_EMPTY_RENEGOTIATION_INFO_SCSV})
_BEFORE_DATA = frozenset(
    {Phase.CLIENT_HELLO, Phase.SERVER_HELLO, Phase.CERTIFICATE, Phase.KEY_EXCHANGE, Phase.FINISHED}
)


def leads_on(hello: CapturedHello) -> Cause | None:
    """The failure of a connection that can lead to another attempt; None where there was none such."""
    failure = hello.answer.failure
    if failure is None or failure.kind not in _LEADS_ON or failure.phase not in _BEFORE_DATA:
        return None
    return failure.cause


def ladders(hellos: Iterable[CapturedHello]) -> list[tuple[CapturedHello, ...]]:
    """The hellos, in order of time, with the retries of a client behind its first one."""
    found: list[list[CapturedHello]] = []
    last: dict[tuple[bytes, Endpoint], list[CapturedHello]] = {}
    for hello in hellos:
        if hello.client is None or hello.server is None:
            found.append([hello])
            continue
        pair = (hello.client[0], hello.server)
        ladder = last.get(pair)
        if ladder is not None and _goes_on(ladder[-1], hello):
            ladder.append(hello)
            continue
        last[pair] = [hello]
        found.append(last[pair])
    return [tuple(each) for each in found]


def _goes_on(before: CapturedHello, hello: CapturedHello) -> bool:
    if leads_on(before) is None or before.time is None or hello.time is None:
        return False
    waited = hello.time - before.time - before.answer.seconds
    asks_for_another = hello.server_name not in (before.server_name, None)
    is_soon = -CLOCK_SECONDS <= waited <= PATIENCE_SECONDS
    return is_soon and not asks_for_another and _is_akin(before, hello)


def _is_akin(before: CapturedHello, hello: CapturedHello) -> bool:
    """Whether one client can have said both: the same suites, in any order (ELinks), with the same extensions
    or fewer, or, in a lower version or no more in SSLv2 format, no suite more than before and those in the
    same order.
    """
    if before.flight is None or hello.flight is None:
        return False
    suites, later = _suites(before.flight), _suites(hello.flight)
    was_sslv2, is_sslv2 = before.flight.sslv2 is not None, hello.flight.sslv2 is not None
    if set(suites) == set(later) and was_sslv2 is is_sslv2:
        return _extensions(hello.flight) <= _extensions(before.flight)
    has_less = later == [code for code in suites if code in later]
    is_lower = highest_version(hello.flight) < highest_version(before.flight)
    return has_less and (is_lower or (was_sslv2 and not is_sslv2))


def _suites(flight: FirstFlight) -> list[int]:
    """What is offered, in order, without signalling values and what only SSLv2 has."""
    return [
        code
        for code in flight.cipher_suites
        if code <= 0xFFFF and code not in _SIGNALS and not is_grease(code)
    ]


def _extensions(flight: FirstFlight) -> set[int]:
    codes = {code for code in flight.extension_types if not is_grease(code)}
    return codes - {ExtensionType.PADDING}
