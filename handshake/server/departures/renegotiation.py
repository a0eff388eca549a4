"""What a renegotiation has otherwise than the handshake before it, and how the server asks for one."""

from msgspec.structs import replace

from handshake.errors import HandshakeError
from handshake.server.choice import Choice
from handshake.server.departures.departure import (
    UP_TO_TLS_1_2,
    Departure,
    Scenario,
    Situation,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    at_end,
    in_server_hello,
    instead,
    with_body,
    without_extension,
)
from handshake.server.departures.signalling import agrees, block_cipher
from handshake.server.selection import choose_cipher_suite
from handshake.server.steps import Flight, Sent, Steps
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, ProtocolVersion

_INFO = ExtensionType.RENEGOTIATION_INFO
_BROKEN = must_refuse("RFC 5746 section 3.5", AlertDescription.HANDSHAKE_FAILURE)


def _request(body: bytes) -> Sent:
    message = HandshakeMessage(HandshakeType.HELLO_REQUEST, body)
    return Sent(HandshakeType.HELLO_REQUEST, push_handshake_message(message))


def _asks_once(situation: Situation, which: Flight, steps: Steps) -> Steps:
    """Ask behind the first handshake alone: each renegotiation would else lead to the next."""
    is_due = which is Flight.AFTER and not situation.is_renegotiation
    return (*steps, _request(b"")) if is_due else steps


def _lower_version(situation: Situation, chosen: Choice) -> Choice:
    """The version below, with a suite that it has."""
    lower = max(ProtocolVersion.TLS_1_0, chosen.version - 1)
    try:
        return choose_cipher_suite(situation.hello, lower, situation.configuration)
    except HandshakeError:
        return chosen


def _renegotiates(name: str, title: str, departure: Departure) -> Departure:
    return replace(departure, name=name, title=title, scenario=Scenario.RENEGOTIATION)


_PLAIN = Departure("", "", UP_TO_TLS_1_2, silent("RFC 5746"))

DEPARTURES = (
    _renegotiates(
        "renegotiation-info-lost",
        "leaves renegotiation_info out of a renegotiation",
        replace(_PLAIN, demand=_BROKEN, rewrites=in_server_hello(without_extension(_INFO))),
    ),
    _renegotiates(
        "renegotiation-info-of-a-first-handshake",
        "sends an empty renegotiation_info in a renegotiation",
        replace(_PLAIN, demand=_BROKEN, rewrites=in_server_hello(with_body(_INFO, lambda _: b"\x00"))),
    ),
    _renegotiates(
        "renegotiation-info-changed",
        "sends another renegotiation_info in a renegotiation than the Finished messages before",
        replace(
            _PLAIN,
            demand=_BROKEN,
            rewrites=in_server_hello(
                with_body(_INFO, lambda content: content[:-1] + bytes((content[-1] ^ 0xFF,)))
            ),
        ),
    ),
    _renegotiates(
        "renegotiation-info-cut-off",
        "sends half of renegotiation_info in a renegotiation",
        replace(
            _PLAIN,
            demand=_BROKEN,
            rewrites=in_server_hello(with_body(_INFO, lambda content: b"\x0c" + content[1:13])),
        ),
    ),
    _renegotiates(
        "extended-master-secret-lost-in-renegotiation",
        "does not answer extended_master_secret in a renegotiation, though it did before",
        replace(_PLAIN, demand=silent("RFC 7627 section 5.2"), agrees=agrees(extended_master_secret=False)),
    ),
    _renegotiates(
        "encrypt-then-mac-lost-in-renegotiation",
        "does not answer encrypt_then_mac in a renegotiation, with a block cipher",
        replace(
            _PLAIN,
            demand=silent("RFC 7366 section 3.1"),
            hello="extension:encrypt_then_mac",
            chooses=block_cipher,
            agrees=agrees(encrypt_then_mac=False),
        ),
    ),
    _renegotiates(
        "version-lower-in-renegotiation",
        "uses a lower version in a renegotiation",
        replace(
            _PLAIN,
            versions=UP_TO_TLS_1_2[1:],
            demand=silent("RFC 5246 section 7.4.1.3"),
            chooses=_lower_version,
        ),
    ),
    _renegotiates(
        "cipher-suite-changes-in-renegotiation",
        "uses a block cipher in a renegotiation, as it may",
        replace(
            _PLAIN,
            versions=(ProtocolVersion.TLS_1_2,),
            demand=must_go_on("RFC 5246 section 7.4.1.3"),
            chooses=block_cipher,
        ),
    ),
    Departure(
        "hello-request-twice",
        "sends two HelloRequests",
        UP_TO_TLS_1_2,
        must_go_on("RFC 5246 section 7.4.1.1"),
        Scenario.HELLO_REQUEST,
        arranges=at_end(Flight.HELLO_REQUEST, _request(b"")),
    ),
    Departure(
        "hello-request-with-a-body",
        "sends a HelloRequest with a byte in it",
        UP_TO_TLS_1_2,
        must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR),
        Scenario.HELLO_REQUEST,
        arranges=instead(Flight.HELLO_REQUEST, _request(b"\x00")),
    ),
    Departure(
        "hello-request-unasked",
        "sends a HelloRequest as soon as the handshake is complete, as it may",
        UP_TO_TLS_1_2,
        must_go_on("RFC 5246 section 7.4.1.1"),
        arranges=_asks_once,
    ),
)
