"""What a client makes anew for every connection, put to one value, so that two of its hellos are equal.

Pure. What is left is compared to the byte: an order, a length or a value out of place is seen.
"""

from msgspec.structs import replace

from clients.profile_attempt import ECH_FIXED_BYTES
from handshake.errors import DecodeError
from handshake.features import FirstFlight
from handshake.wire.client_hello import RANDOM_SIZE, ClientHello, Extension, SSLv2ClientHello
from handshake.wire.extensions import pull_key_share_list, push_key_share_list
from handshake.wire.registry import ExtensionType

OF_ONE_SESSION = frozenset({ExtensionType.PRE_SHARED_KEY, ExtensionType.EARLY_DATA, ExtensionType.COOKIE})
"""Extensions of a hello that resumes a session or answers a HelloRetryRequest: another has none."""


def still(hello: ClientHello) -> ClientHello:
    """The hello with zeros for random, session id, keys and what follows the fixed bytes of an ECH, without a
    ticket and without extensions of one session.
    """
    extensions = None
    if hello.extensions is not None:
        extensions = tuple(
            Extension(each.extension_type, _still_body(each.extension_type, each.body))
            for each in hello.extensions
            if each.extension_type not in OF_ONE_SESSION
        )
    return replace(
        hello, random=bytes(RANDOM_SIZE), session_id=bytes(len(hello.session_id)), extensions=extensions
    )


def still_flight(flight: FirstFlight) -> FirstFlight:
    """The same of a whole flight, with the challenge and session id of an SSLv2-format hello."""
    sslv2: SSLv2ClientHello | None = None
    if flight.sslv2 is not None:
        sizes = len(flight.sslv2.session_id), len(flight.sslv2.challenge)
        sslv2 = replace(flight.sslv2, session_id=bytes(sizes[0]), challenge=bytes(sizes[1]))
    return replace(flight, hello=still(flight.hello), sslv2=sslv2)


def _still_body(extension_type: int, body: bytes) -> bytes:
    match extension_type:
        case ExtensionType.KEY_SHARE | ExtensionType.KEY_SHARE_DRAFT:
            try:
                shares = pull_key_share_list(body)
            except DecodeError:
                return body
            return push_key_share_list(tuple((group, bytes(len(key))) for group, key in shares))
        case ExtensionType.SESSION_TICKET:
            return b""
        case ExtensionType.ENCRYPTED_CLIENT_HELLO:
            return body[:ECH_FIXED_BYTES] + bytes(len(body) - ECH_FIXED_BYTES)
    return body
