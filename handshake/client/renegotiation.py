"""The hello of a renegotiation: the profile's first hello, changed as RFC 5746 asks for, less what the client
being played leaves out.

Measured on NSS 3.13.1 (research note on NSS, section 2) and SunJSSE (research note on JSSE, section 8):
suites and extensions as before without the signalling suites, renegotiation_info with the Finished of the
handshake before, and always in a TLS record, of the version that was negotiated. Later stacks leave out more
(research note on modern clients, section 7): `RenegotiationHello` has it.
Whether it asks for the connection's session is the client's policy.
"""

from msgspec.structs import replace

from handshake.client.handshake import ClientHandshake
from handshake.errors import Fault, PeerFault, PolicyRefusal
from handshake.hello_template import (
    ClientPolicy,
    ExtensionTemplate,
    HelloTemplate,
    Placement,
    RenegotiationHello,
)
from handshake.reason import Rule
from handshake.renegotiation import FinishedPair, Renegotiation
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.extensions import pull_renegotiation_info, push_renegotiation_info
from handshake.wire.registry import AlertDescription, ExtensionType
from handshake.wire.suite_versions import SIGNALLING_SUITES


def renegotiation_template(
    template: HelloTemplate,
    info: bytes | None,
    place: Placement,
    rules: RenegotiationHello,
) -> HelloTemplate:
    """Give the hello that renegotiates; `info` is its renegotiated_connection, None leaves it out."""
    record = _less(template.in_record_format(), rules)
    suites = tuple(suite for suite in record.cipher_suites if suite not in SIGNALLING_SUITES)
    present = [extension.extension_type for extension in record.extensions or ()]
    others = [e for e in record.extensions or () if e.extension_type != ExtensionType.RENEGOTIATION_INFO]
    if info is None:
        # A block that held nothing else goes with it: SunJSSE, research note on JSSE section 8.
        empty_block = () if record.extensions == () else None
        return replace(record, cipher_suites=suites, extensions=tuple(others) or empty_block)
    extension = ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, push_renegotiation_info(info))
    if ExtensionType.RENEGOTIATION_INFO in present:
        index = present.index(ExtensionType.RENEGOTIATION_INFO)
    elif place is Placement.LAST:
        index = len(others)
    else:
        has_name = place is Placement.AFTER_SERVER_NAME and ExtensionType.SERVER_NAME in present
        index = present.index(ExtensionType.SERVER_NAME) + 1 if has_name else 0
    others.insert(index, extension)
    return replace(record, cipher_suites=suites, extensions=tuple(others))


def _less(record: HelloTemplate, rules: RenegotiationHello) -> HelloTemplate:
    """The hello without what the client being played leaves out."""
    kept = None
    if record.extensions is not None:
        changed = {each.extension_type: each for each in rules.changed}
        kept = tuple(
            changed.get(each.extension_type, each)
            for each in record.extensions
            if each.extension_type not in rules.without
        )
    return replace(
        record,
        session_id_length=0 if rules.session_id == "empty" else record.session_id_length,
        cipher_suites=tuple(s for s in record.cipher_suites if s not in rules.without_cipher_suites),
        extensions=kept,
    )


def signals_rfc5746(template: HelloTemplate) -> bool:
    """Whether a first hello says that its client knows RFC 5746, by the suite or by the extension."""
    return TLS_EMPTY_RENEGOTIATION_INFO_SCSV in template.cipher_suites or _carries_info(template)


def check_renegotiation_info(handshake: ClientHandshake, body: bytes | None) -> None:
    """Hold a ServerHello's renegotiation_info against RFC 5746 sections 3.4 and 3.5, 4.1 and 4.2.

    Raises PeerFault when it is wrong, PolicyRefusal when it is missing and the client being played minds.
    """
    previous, policy = handshake.previous, handshake.policy
    info = None
    if body is not None:
        info = handshake.read(pull_renegotiation_info, body, "renegotiation-info")
    if previous is None:
        if info is None and policy.missing_renegotiation_info == "abort":
            raise PolicyRefusal(
                Rule.RENEGOTIATION_INFO,
                "the server does not support secure renegotiation (RFC 5746), which this client requires",
                AlertDescription.HANDSHAKE_FAILURE,
            )
        if info:
            detail = "renegotiation_info of a first handshake is not empty"
            raise PeerFault(Fault.RENEGOTIATION_INFO, detail, "renegotiation-info-not-empty")
    elif previous.is_secure and _carries_info(handshake.template):
        if info != previous.server_info:
            said = "is missing" if info is None else "does not repeat the Finished of the handshake before"
            length = len(previous.server_info)
            name = "lost" if info is None else "changed" if len(info) == length else "of-another-length"
            names = (f"renegotiation-info-{name}", "renegotiation-info-wrong")
            raise PeerFault(
                Fault.RENEGOTIATION_INFO, f"the renegotiation's renegotiation_info {said}", *names
            )
    elif not policy.renegotiation.allows(is_secure=False):
        raise refusal_to_renegotiate(policy.renegotiation)
    elif info is not None:  # RFC 5746 section 4.2
        detail = "the server signals RFC 5746 in a renegotiation, not in the first hello"
        handshake.judge(PeerFault(Fault.RENEGOTIATION_INFO, detail, "renegotiation-info-gained"))


def _carries_info(template: HelloTemplate) -> bool:
    types = {extension.extension_type for extension in template.extensions or ()}
    return ExtensionType.RENEGOTIATION_INFO in types


def would_start(policy: ClientPolicy, finished: FinishedPair) -> bool:
    """Whether the client being played begins a renegotiation of the handshake that ended with `finished`: one
    that is not secure too, where it refuses that at the ServerHello alone.
    """
    if policy.renegotiation.allows(is_secure=finished.is_secure):
        return True
    return policy.renegotiation is Renegotiation.SECURE and policy.refuses_legacy_at == "server-hello"


def refusal_to_renegotiate(willingness: Renegotiation) -> PolicyRefusal:
    """The client being played never renegotiates, or with RFC 5746 only."""
    if willingness is Renegotiation.OFF:
        what, detail = Rule.RENEGOTIATION_OFF, "this client does not renegotiate"
    else:
        what = Rule.LEGACY_RENEGOTIATION
        detail = "this client does not renegotiate with a server that has not signalled RFC 5746"
    return PolicyRefusal(what, detail, AlertDescription.HANDSHAKE_FAILURE)
