"""Which application protocols the server has (ALPN, RFC 7301), and what it does without one in common.

In TLS 1.3 the answer stands in EncryptedExtensions; a server that breaks off where it should be is seen too.
"""

from handshake.errors import HandshakeError
from handshake.wire.extensions import pull_alpn
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.hellos import with_protocols
from matrix.twin.inquiry import Asking, Question
from matrix.twin.reply import Reply

_ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
_KNOWN = (
    b"h2",
    b"http/1.1",
    b"http/1.0",
    b"imap",
    b"pop3",
    b"ftp",
    b"postgresql",
    b"tds/8.0",
    b"mqtt",
    b"xmpp-client",
)
"""Protocols that clients name (registry "TLS Application-Layer Protocol Negotiation (ALPN) Protocol IDs")."""
_FEATURE = "extension:application_layer_protocol_negotiation"
_UNKNOWN = (b"unknown/1",)


def _ask(draft: Draft) -> Asking[None]:
    version = draft.highest_before_1_3 or ProtocolVersion.TLS_1_3
    hello = draft.hellos.get(version)
    if hello is None or hello.extensions is None:
        return
    found: list[bytes] = []
    left = list(_KNOWN)
    while left:
        reply = yield from draft.ask(with_protocols(hello, left))
        name = _chosen(reply)
        if name is None or name not in left:
            break
        found.append(name)
        left.remove(name)
    unknown = yield from draft.ask(with_protocols(hello, _UNKNOWN))
    if found:
        draft.declared["application_protocols"] = [name.decode() for name in found]
        if unknown.refusal is None:
            draft.emulation["no_common_application_protocol"] = "ignored"
        else:
            draft.refuse("no-application-protocol", unknown.refusal)
    elif unknown.refusal is not None and not draft.minds(with_protocols(hello, _UNKNOWN)):
        draft.intolerance([_FEATURE], unknown.refusal)
    yield from _ask_1_3(draft)


def _ask_1_3(draft: Draft) -> Asking[None]:
    """Find out whether the extension is in the way in TLS 1.3 (tlslite-ng 0.8.2 breaks off)."""
    hello = draft.hellos.get(ProtocolVersion.TLS_1_3)
    if hello is None:
        return
    reply = yield from draft.ask(with_protocols(hello, _KNOWN))
    without = yield from draft.ask(hello)
    if reply.broken_off is not None and without.broken_off is None:
        feature = f"{_FEATURE} and offers-version:TLSv1.3"
        draft.intolerance([feature], reply.broken_off.cause, after=reply.broken_off.after)


def _chosen(reply: Reply) -> bytes | None:
    body = None if reply.hello is None else reply.hello.extension(_ALPN)
    in_1_3 = (each.body for each in reply.encrypted or () if each.extension_type == _ALPN)
    body = next(in_1_3, body)
    try:
        return None if body is None else pull_alpn(body)[0]
    except (HandshakeError, IndexError):
        return None


QUESTION = Question("application-protocols", "which application protocols it has", _ask)
