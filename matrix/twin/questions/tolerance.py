"""What of today's and yesterday's hellos the server minds, of which older servers are known to (research note
on servers, section 4): lengths, splitting, unknown values, GREASE, single extensions.

Each feature is put into a hello that gets through. Where the server then refuses it, or breaks off its
answer, the feature is an intolerance of the twin. What a combination of features does is found by the row of
the clients alone.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features import Feature, flight_of, parse_feature
from handshake.features.hello_length import HelloLength
from handshake.features.numbers import Numbers
from handshake.hello_template import HelloTemplate
from handshake.reason import Cause
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.hellos import UNKNOWN_SUITES
from matrix.twin.inquiry import Asking, Question

_V = ProtocolVersion
FEATURES: tuple[str, ...] = (
    "cipher-suite:TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    "ec-cipher-suite",
    "extension:supported_groups",
    "extension:ec_point_formats",
    "extension:signature_algorithms",
    "extension:renegotiation_info",
    "extension:server_name",
    "extension:status_request",
    "extension:signed_certificate_timestamp",
    "extension:session_ticket",
    "extension:0x3374",
    "extension:extended_master_secret",
    "extension:encrypt_then_mac",
    "extension:record_size_limit",
    "extension:heartbeat",
    "extension:padding",
    "extension:0xfe77",
    "empty-last-extension",
    "grease:cipher-suite",
    "grease:extension",
    "grease:group",
    "grease:signature-scheme",
    "compression-method:deflate",
    "session-id-length:32",
    "cipher-suite-count:128..",
    "record-count:2",
    "record-version:TLSv1.2",
    "record-version:SSLv3",
    "hello-length:256..511",
    "hello-length:512..",
    "hello-length:1500..",
    "hello-length:4096..",
    "hello-length:16000..",
)
"""In the order in which they are tried: a length comes behind the padding that makes it."""
_LENGTHS = (512, 1500, 4096, 16000)
"""In bytes: what is longer than the hello that gets through is tried."""
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
    minded = yield from _ask_length(draft, base)
    blamed = [feature for feature, _ in minded]
    is_always_broken_off = (yield from draft.ask(base)).broken_off is not None
    for feature, hello in _with(base, names):
        if feature.name in known or any(each.present(flight_of(hello)) for each in blamed):
            continue
        reply = yield from draft.ask(hello)
        if reply.broken_off is not None and not is_always_broken_off:
            draft.intolerance([feature.name], reply.broken_off.cause, after=reply.broken_off.after)
            blamed.append(feature)
        if reply.refusal is None:
            continue
        if isinstance(feature, HelloLength) and feature.numbers.high is None:
            feature = yield from _bounded(draft, base, feature, reply.refusal)
        minded.append((feature, reply.refusal))
        blamed.append(feature)
    for feature, cause in minded:
        draft.intolerance([feature.name], cause)


def _ask_length(draft: Draft, base: HelloTemplate) -> Asking[list[tuple[Feature, Cause]]]:
    """Find out first whether a longer hello is refused, whatever makes it longer: then nothing else that
    makes it longer is to blame. It is made longer by cipher suites, and by padding.
    """
    length = flight_of(base).length
    longer = next(each for each in _LENGTHS if each > length)
    by_suites = yield from draft.ask(_with_unknown_suites(base, longer - length))
    if by_suites.refusal is None:
        return []
    feature = HelloLength(Numbers(longer, None))
    try:
        by_padding = yield from draft.ask(feature.with_(base))
    except LocalError:
        return []
    if by_padding.refusal != by_suites.refusal:
        return []
    bounded = yield from _bounded(draft, base, feature, by_suites.refusal)
    return [(bounded, by_suites.refusal)]


def _with_unknown_suites(base: HelloTemplate, more: int) -> HelloTemplate:
    suites = (UNKNOWN_SUITES[0] + number for number in range((more + 1) // 2))
    return replace(base, cipher_suites=(*base.cipher_suites, *suites))


def _bounded(draft: Draft, base: HelloTemplate, found: HelloLength, cause: Cause) -> Asking[HelloLength]:
    """Find from which length on a hello is refused, as far as hellos of these lengths can be made."""
    low, high = flight_of(base).length, found.numbers.low
    while high - low > 1:
        middle = (low + high) // 2
        hello = _of_length(base, middle)
        if flight_of(hello).length != middle:
            break
        reply = yield from draft.ask(hello)
        low, high = (low, middle) if reply.refusal == cause else (middle, high)
    return HelloLength(Numbers(high, None))


def _of_length(base: HelloTemplate, length: int) -> HelloTemplate:
    """The hello made so long by padding, or, where there is no room for that, by a cipher suite or two."""
    try:
        return HelloLength(Numbers(length, length)).with_(base)
    except LocalError:
        return _with_unknown_suites(base, length - flight_of(base).length)


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
