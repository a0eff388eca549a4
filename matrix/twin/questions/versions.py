"""Which protocol versions the server has, how it refuses others, and whether it reads supported_versions.

Each version is offered alone, so that a lower one in the answer says that the server has not got it. Where
the wide hello is refused, hellos that offer less follow, because a server may mind something else of it.
"""

from msgspec.structs import replace

from handshake.features.edits import put
from handshake.hello_template import ExtensionTemplate
from handshake.reason import Cause
from handshake.wire.extensions import push_supported_versions
from handshake.wire.registry import ExtensionType, ProtocolVersion, version_name
from matrix.twin.draft import Draft, most_frequent
from matrix.twin.hellos import SSL_AND_TLS, narrow, suites_for, wide, with_suites
from matrix.twin.inquiry import Asking, Question

_V = ProtocolVersion
_TOO_HIGH = ((0x0304, "version-from:TLSv1.3"), (0x0400, "version-without-major-3"))
"""Versions in client_version that a server must answer with its own (RFC 5246 appendix E.1), and the feature
of such a hello.
"""
_MOST_CANDIDATES = 40
"""Hellos of clients that are tried where none of the questions' own gets through."""


def _ask(draft: Draft) -> Asking[None]:
    refusals = draft.refusals
    for version in SSL_AND_TLS:
        yield from _find(draft, version, refusals)
    if not draft.hellos:
        yield from _find_among_clients(draft)
    draft.declared["versions"] = [version_name(version) for version in reversed(draft.versions)]
    if not draft.hellos:
        return
    yield from _ask_supported_versions(draft, refusals)
    # SSLv3 has no alert protocol_version (RFC 6101 section 5.4), so its refusal may be another.
    usual = most_frequent(cause for version, cause in refusals.items() if version > _V.SSL_3_0)
    usual = usual or most_frequent(refusals.values())
    draft.refuse("protocol-version", usual)
    for refused, cause in refusals.items():
        if cause != usual and refused < _V.TLS_1_3:
            feature = f"client-version:{version_name(refused)} and not extension:supported_versions"
            draft.intolerance([feature], cause)
    yield from _ask_too_high(draft)


def _find(draft: Draft, version: int, refusals: dict[int, Cause]) -> Asking[None]:
    for hello in (wide(version), *narrow(version)):
        reply = yield from draft.ask(hello)
        if reply.version == version:
            draft.hellos[version] = hello
            refusals.pop(version, None)
            return
        if reply.refusal is None:  # a lower version was chosen; what was refused before was something else
            refusals.pop(version, None)
            return
        if version < _V.TLS_1_3:  # one that offers TLS 1.3 alone is an offer of TLS 1.2 to others
            refusals.setdefault(version, reply.refusal)


def _find_among_clients(draft: Draft) -> Asking[None]:
    """Find a hello of a client that gets through, where all others were refused."""
    for hello in draft.candidates[:_MOST_CANDIDATES]:
        reply = yield from draft.ask(hello)
        if reply.hello is not None:
            draft.hellos.setdefault(reply.version, hello)
            draft.note("the hellos of the questions are refused; those of clients stand for them")
            return


def _ask_too_high(draft: Draft) -> Asking[None]:
    version = draft.highest_before_1_3
    if version is None:
        return
    for too_high, feature in _TOO_HIGH:
        reply = yield from draft.ask(replace(draft.hellos[version], client_version=too_high))
        if reply.refusal is not None:
            draft.intolerance([feature], reply.refusal)


def _ask_supported_versions(draft: Draft, refusals: dict[int, Cause]) -> Asking[None]:
    """Find out whether a server without TLS 1.3 reads the extension (RFC 8446 section 4.2.1)."""
    version = draft.highest_before_1_3
    if version is None or _V.TLS_1_3 in draft.hellos:
        return
    base = draft.hellos[version]
    if base == wide(version):
        hello = with_suites(wide(_V.TLS_1_3), (*suites_for(_V.TLS_1_3), *base.cipher_suites))
    else:
        body = push_supported_versions((_V.TLS_1_3,))
        hello = put(base, ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, body))
    reply = yield from draft.ask(hello)
    if reply.refusal is not None:
        draft.emulation["supported_versions"] = True
        refusals[_V.TLS_1_3] = reply.refusal


QUESTION = Question("versions", "which protocol versions it has, and how it refuses others", _ask)
