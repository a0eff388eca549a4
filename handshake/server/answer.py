"""Which version, cipher suite and group answer a hello, and the answer."""

from handshake.features import FirstFlight
from handshake.server import tls12, tls13
from handshake.server.handshake import ServerHandshake
from handshake.server.hello_checks import check_hello, check_second_hello
from handshake.server.resumption import offered_session, resumed_choice
from handshake.server.selection import choose, choose_version
from handshake.server.state import State
from handshake.wire.registry import ProtocolVersion


def answer_hello(handshake: ServerHandshake, flight: FirstFlight) -> None:
    """Choose, and send the flight that answers the hello. Raises PeerFault where there is nothing to choose,
    and where the hello breaks a rule.
    """
    connection, configuration, hello = handshake.connection, handshake.configuration, flight.hello
    version = choose_version(hello, configuration)
    connection.records.record_version = min(version, ProtocolVersion.TLS_1_2)
    check_hello(hello, version, configuration)
    if handshake.first_flight is not None and handshake.state is State.WAIT_SECOND_CLIENT_HELLO_13:
        check_second_hello(handshake.first_flight.hello, hello)
    handshake.resumed = offered_session(handshake, hello, version)
    choice = resumed_choice(handshake.resumed) if handshake.resumed else choose(hello, configuration)
    handshake.first_flight = flight
    choice = handshake.departing.choice(choice)
    handshake.version = choice.version
    connection.records.record_version = min(choice.version, ProtocolVersion.TLS_1_2)
    handshake.parameters, handshake.named_group = choice.suite, choice.named_group
    if configuration.records.fixes_version:
        connection.records.expect_version(connection.records.record_version)
    answer = tls13.answer_hello if choice.version >= ProtocolVersion.TLS_1_3 else tls12.answer_hello
    successors = handshake.successors("ClientHello")
    handshake.move(answer(handshake), successors)
