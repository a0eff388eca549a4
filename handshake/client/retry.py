"""A HelloRetryRequest judged: what it asks for, and whether the ServerHello behind it keeps to it.

RFC 8446 sections 4.1.3, 4.1.4 and 4.2.8; every fault here is illegal_parameter there.
"""

from handshake.client.choices import check_retry_group, shared_groups
from handshake.client.handshake import ClientHandshake
from handshake.errors import Fault, PeerFault
from handshake.wire.extensions import pull_selected_group
from handshake.wire.messages import ServerHello
from handshake.wire.registry import ExtensionType, group_name, version_name


def check_retry(handshake: ClientHandshake) -> int | None:
    """Judge the extensions of a HelloRetryRequest; return the group it wants a share of, None for none.

    Raises PeerFault where it changes nothing, or asks for what was not offered or is there already.
    """
    body = handshake.server_extensions.get(ExtensionType.KEY_SHARE)
    if body is None:
        if ExtensionType.COOKIE not in handshake.server_extensions:
            detail = "the HelloRetryRequest would change nothing"
            handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "retry-that-changes-nothing"))
            return None
        detail = "the HelloRetryRequest has a cookie and asks for no key share"
        handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "retry-with-cookie-alone"))
        return None
    group = handshake.read(pull_selected_group, body, "retry-key-share")
    if group in shared_groups(handshake.sent):
        detail = f"the HelloRetryRequest asks for a key share of {group_name(group)}, which the hello has"
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "retry-for-a-share-that-came"))
    check_retry_group(handshake.sent, group)
    return group


def check_version_after_retry(handshake: ClientHandshake, version: int) -> None:
    """Hold the version of a ServerHello against that of the HelloRetryRequest before it."""
    if handshake.hello_retried and version != handshake.version:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"a HelloRetryRequest of {version_name(handshake.version)}, and then {version_name(version)}",
            "retry-then-another-version",
        )


def check_after_retry(handshake: ClientHandshake, hello: ServerHello) -> None:
    """Hold the suite of a ServerHello against that of the HelloRetryRequest before it. That its key share is
    in the group asked for follows from the second hello, which has no other.
    """
    if handshake.hello_retried and hello.cipher_suite != handshake.suite.cipher_suite:
        detail = "the ServerHello has another suite than the HelloRetryRequest"
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "retry-then-another-cipher-suite"))
