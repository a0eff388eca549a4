"""Which hellos of a capture are one client's that tried again. Pure.

A retry is inferred: the same address connects to the same server again, within `PATIENCE_SECONDS` of the
failure of the connection before, and its hello has most of its suites in common with that one's. A person at
a keyboard who starts another program that soon looks the same.
"""

from collections.abc import Iterable, Sequence

from clients.capture.captured_hello import CapturedHello
from clients.capture.link import Endpoint
from handshake.events import Phase
from handshake.reason import Cause, Kind

PATIENCE_SECONDS = 5.0
"""Chromium, Firefox and Java's HttpClient connect again within milliseconds, Internet Explorer within one
second (research note on servers, section 3); a client that waited for an answer first waits as long again.
"""
CLOCK_SECONDS = 0.001
"""In which a client may be seen to connect again before the end that it answers is seen."""
_LEADS_ON = frozenset(
    {Kind.FIN, Kind.RESET, Kind.CLOSE_NOTIFY, Kind.ALERT, Kind.TIMEOUT, Kind.PROTOCOL_ERROR}
)
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
    return -CLOCK_SECONDS <= waited <= PATIENCE_SECONDS and _is_akin(before, hello)


def _is_akin(before: CapturedHello, hello: CapturedHello) -> bool:
    if before.flight is None or hello.flight is None:
        return False
    suites: Sequence[frozenset[int]] = [
        frozenset(each.flight.cipher_suites) for each in (before, hello) if each.flight is not None
    ]
    return 2 * len(suites[0] & suites[1]) >= min(map(len, suites))
