"""What of today's and yesterday's hellos the server minds, of which older servers are known to (research note
on servers, section 4): lengths, splitting, unknown values, GREASE, single extensions.

Each feature is put into a hello that gets through. Where the server then refuses it, the feature is an
intolerance of the twin. What a combination of features does is found by the row of the clients alone.
"""

from collections.abc import Iterator, Sequence

from handshake.errors import LocalError
from handshake.features import Feature, flight_of, parse_feature
from handshake.features.hello_length import HelloLength
from handshake.features.numbers import Numbers
from handshake.hello_template import HelloTemplate
from handshake.reason import Cause
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Question

_V = ProtocolVersion
FEATURES: tuple[str, ...] = (
    "cipher-suite:TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    "ec-cipher-suite",
    "extension:supported_groups",
    "extension:ec_point_formats",
    "extension:signature_algorithms",
    "extension:renegotiation_info",
    "grease:cipher-suite",
    "grease:extension",
    "grease:group",
    "grease:signature-scheme",
    "compression-method:deflate",
    "session-id-length:32",
    "cipher-suite-count:128..",
    "record-count:2",
    "hello-length:256..511",
    "hello-length:512..",
    "hello-length:1500..",
    "hello-length:4096..",
    "hello-length:16000..",
    "record-version:TLSv1.2",
    "record-version:SSLv3",
    "empty-last-extension",
    "extension:server_name",
    "extension:status_request",
    "extension:signed_certificate_timestamp",
    "extension:session_ticket",
    "extension:padding",
    "extension:0x3374",
    "extension:extended_master_secret",
    "extension:encrypt_then_mac",
    "extension:record_size_limit",
    "extension:heartbeat",
    "extension:0xfe77",
)
"""In the order in which they are tried; a length is tried by padding."""
_OF_1_3: tuple[str, ...] = ("grease:version", "grease:key-share", "hello-length:1500..", "record-count:2")
"""Those that matter to a hello of TLS 1.3, beside the others."""


def _ask(draft: Draft) -> Asking[None]:
    below = draft.highest_before_1_3
    if below is not None:
        yield from _ask_each(draft, draft.hellos[below], FEATURES)
    if _V.TLS_1_3 in draft.hellos:
        names = _OF_1_3 if below is not None else (*FEATURES, *_OF_1_3)
        yield from _ask_each(draft, draft.hellos[_V.TLS_1_3], names)


def _ask_each(draft: Draft, base: HelloTemplate, names: Sequence[str]) -> Asking[None]:
    known = {each for entry in draft.emulation.get("intolerance", ()) for each in entry["features"]}
    minded: list[tuple[Feature, Cause]] = []
    for feature, hello in _with(base, names):
        if feature.name in known or any(each.present(flight_of(hello)) for each, _ in minded):
            continue
        reply = yield from draft.ask(hello)
        if reply.refusal is None:
            continue
        if isinstance(feature, HelloLength) and feature.numbers.high is None:
            feature = yield from _bounded(draft, base, feature, reply.refusal)
        minded.append((feature, reply.refusal))
    for feature, cause in minded:
        draft.intolerance([feature.name], cause)


def _bounded(draft: Draft, base: HelloTemplate, found: HelloLength, cause: Cause) -> Asking[HelloLength]:
    """Find from which length on a hello is refused."""
    low, high = flight_of(base).length, found.numbers.low
    while high - low > 1:
        middle = (low + high) // 2
        try:
            hello = HelloLength(Numbers(middle, middle)).with_(base)
        except LocalError:  # no padding makes just this length
            break
        reply = yield from draft.ask(hello)
        low, high = (low, middle) if reply.refusal == cause else (middle, high)
    return HelloLength(Numbers(high, None))


def _with(base: HelloTemplate, names: Sequence[str]) -> Iterator[tuple[Feature, HelloTemplate]]:
    """The hello with each feature that it has not and can have."""
    for name in names:
        feature = parse_feature(name)
        try:
            changed = feature.with_(base)
        except LocalError:
            continue
        if changed != base:
            yield feature, changed


QUESTION = Question("tolerance", "what of a hello it minds", _ask)
