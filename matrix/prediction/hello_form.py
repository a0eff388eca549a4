"""What an emulated server has against the form of a hello: it cannot read it, or is declared to be intolerant
of something in it.

The hello is filled as for a connection and read as the server is configured to read, so that what follows
from a way of reading (SunJSSE's, say) is predicted without being listed anywhere. Pure.
"""

from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from handshake.client.hello import FilledHello, fill_hello
from handshake.errors import PeerFault
from handshake.events import Phase
from handshake.features import Feature, FirstFlight, flight_of
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Cause, Reason
from handshake.server import Reaction, ServerConfiguration
from handshake.server.first_flight import Arrival, flight_of_message, flight_of_sslv2_record
from handshake.server.handshake_stream import (
    HEADER_SIZE,
    HandshakeStream,
    awaits_header,
    read_client_hello,
    translate_sslv2_hello,
)
from handshake.server.lenient_hello import read_lenient_client_hello
from handshake.server.received_hello import ReceivedHello
from handshake.server.selection import choose_version
from handshake.server.strictness import HelloReading, Step, StreamParsing
from handshake.wire.client_hello import ClientHello, pull_client_hello, pull_sslv2_client_hello
from handshake.wire.record import Record
from handshake.wire.registry import HandshakeType, ProtocolVersion, extension_name
from matrix.prediction.facts import cause_of_answer, cause_of_fault
from matrix.prediction.obstacle import Obstacle
from servers.credentials import SUBJECT


def form_obstacle(template: HelloTemplate, configuration: ServerConfiguration) -> Obstacle | None:
    """Say what the server has against the form of a hello; None where it is answered like any other.

    An intolerance fires whatever else there is to refuse the hello for, but behind the checks of [emulation].
    """
    filled, fault = _filled(template), None
    flight = _flight(filled, template, configuration)
    if template.format is HelloFormat.SSLV2 and not configuration.sslv2_hello:
        return _intolerance(flight, configuration)
    try:
        flight = replace(flight, hello=_read(filled, template.format, configuration))
    except PeerFault as unread:
        fault = unread
    if fault is None:
        return _refusing_check(flight, configuration) or _intolerance(flight, configuration)
    why = f"the server cannot read the hello: {fault.detail}{_empty_last_extension(filled)}"
    cause = cause_of_fault(fault.fault, configuration.initial_record_version, configuration)
    return _intolerance(flight, configuration) or _obstacle(why, cause)


def _intolerance(flight: FirstFlight, configuration: ServerConfiguration) -> Obstacle | None:
    triggers = ((each.trigger(flight), each.reaction) for each in configuration.intolerances)
    return _first_reaction(triggers, configuration.initial_record_version, configuration)


def later_obstacle(template: HelloTemplate, configuration: ServerConfiguration) -> Obstacle | None:
    """What the answer to a hello is broken off for, where it has the message behind which that happens."""
    flight = _flight(_filled(template), template, configuration)
    for intolerance in configuration.intolerances:
        trigger = intolerance.trigger_within(flight)
        if trigger is not None:
            why = f"the server breaks off its answer to a hello with {trigger.describe()}"
            # Up to TLS 1.2 and in TLS 1.3 alike: what is due behind a ServerHello is a certificate.
            is_before = intolerance.after in (HandshakeType.SERVER_HELLO, HandshakeType.ENCRYPTED_EXTENSIONS)
            phase = Phase.CERTIFICATE if is_before else Phase.KEY_EXCHANGE
            version = configuration.initial_record_version
            cause = _cause_of_reaction(intolerance.reaction, version, configuration)
            return Obstacle(why, Reason(phase, cause))
    return None


def _refusing_check(flight: FirstFlight, configuration: ServerConfiguration) -> Obstacle | None:
    """The first configured check that the hello does not pass."""
    record_version = configuration.initial_record_version
    for check in () if configuration.reading is None else configuration.reading.checks:
        if check.reaction is not None:
            trigger, version = check.trigger(flight), check.record_version or record_version
            found = _first_reaction([(trigger, check.reaction)], version, configuration)
            if found is not None:
                return found
        elif check.step in (Step.USE_VERSION, Step.CHOOSE_VERSION):
            try:
                version = choose_version(flight.hello, configuration)
            except PeerFault:  # there is no common version, which is no question of form
                return None
            if check.step is Step.USE_VERSION:
                record_version = min(version, ProtocolVersion.TLS_1_2)
    return None


def _first_reaction(
    triggers: Iterable[tuple[Feature | None, Reaction]], version: int, configuration: ServerConfiguration
) -> Obstacle | None:
    for trigger, reaction in triggers:
        if trigger is not None and not reaction.goes_on:
            why = f"the server is intolerant of a hello with {trigger.describe()}"
            return _obstacle(why, _cause_of_reaction(reaction, version, configuration))
    return None


def _obstacle(why: str, cause: Cause) -> Obstacle:
    return Obstacle(why, Reason(Phase.SERVER_HELLO, cause))


def _cause_of_reaction(reaction: Reaction, version: int, configuration: ServerConfiguration) -> Cause:
    if reaction.fault is not None:
        return cause_of_fault(reaction.fault, version, configuration)
    answer = reaction.ending if reaction.alert is None else reaction.alert
    return cause_of_answer(answer, version, configuration)


@lru_cache(maxsize=1024)
def _filled(template: HelloTemplate) -> FilledHello:
    """The hello as it goes to the project's own servers, with zeros for what is random."""
    return fill_hello(template.as_written(), SUBJECT, bytes)


def _flight(filled: FilledHello, template: HelloTemplate, configuration: ServerConfiguration) -> FirstFlight:
    """The flight of the hello, as far as it can be read."""
    if template.format is HelloFormat.SSLV2:
        segments = flight_of(template, SUBJECT).segments
        return flight_of_sslv2_record(filled.message, configuration.reading, segments)
    body = filled.message[HEADER_SIZE:]
    lenient = read_lenient_client_hello(body, configuration.reading or HelloReading())
    sent = flight_of(template, SUBJECT)
    return flight_of_message(ReceivedHello(body, lenient), Arrival(sent.records, sent.segments))


def _read(filled: FilledHello, form: HelloFormat, configuration: ServerConfiguration) -> ClientHello:
    """Read a hello as the server does. Raises PeerFault for one that it cannot read."""
    is_sslv2, message = form is HelloFormat.SSLV2, filled.message
    if configuration.parsing is not None:
        fragments = [record.fragment for record in filled.records if isinstance(record, Record)]
        fragments = [translate_sslv2_hello(message)] if is_sslv2 else fragments
        return _read_from_stream(fragments, configuration.parsing)
    if configuration.reading is not None and is_sslv2:
        return flight_of_sslv2_record(message, configuration.reading).hello
    if configuration.reading is not None:
        return read_lenient_client_hello(message[HEADER_SIZE:], configuration.reading)
    if is_sslv2:
        return pull_sslv2_client_hello(message).to_client_hello()
    return pull_client_hello(message[HEADER_SIZE:])


def _read_from_stream(fragments: Iterable[bytes], rules: StreamParsing) -> ClientHello:
    stream = HandshakeStream()
    for fragment in fragments:
        stream.feed(fragment)
        awaits_header(stream, rules)
    _, announced = stream.peek_header()
    stream.read(HEADER_SIZE)
    return read_client_hello(stream, announced, rules)


def _empty_last_extension(filled: FilledHello) -> str:
    """What trips a reader that takes an empty body in last place for the end of its data."""
    extensions = getattr(filled.hello, "extensions", None)
    if not extensions or extensions[-1].body:
        return ""
    return f"; its last extension, {extension_name(extensions[-1].extension_type)}, is empty"
