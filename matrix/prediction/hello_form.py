"""What an emulated server has against the form of a hello: it cannot read it, or is declared to be intolerant
of something in it.

The hello is filled as for a connection and read as the server is configured to read, so that what follows
from a way of reading (SunJSSE's, say) is predicted without being listed anywhere. Pure.
"""

from collections.abc import Iterable
from functools import lru_cache

from handshake.client.hello import FilledHello, fill_hello
from handshake.errors import PeerFault
from handshake.events import Phase
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Cause, Reason
from handshake.server import Reaction, ServerConfiguration
from handshake.server.features import has_feature
from handshake.server.handshake_stream import (
    HEADER_SIZE,
    HandshakeStream,
    read_client_hello,
    translate_sslv2_hello,
)
from handshake.server.lenient_hello import LenientReader
from handshake.server.selection import choose_version
from handshake.server.strictness import Check, Step, StreamParsing
from handshake.wire.client_hello import ClientHello, pull_client_hello, pull_sslv2_client_hello
from handshake.wire.registry import ProtocolVersion, extension_name
from matrix.prediction.facts import cause_of_answer, cause_of_fault
from matrix.prediction.obstacle import Obstacle
from servers.credentials import SUBJECT


def form_obstacle(template: HelloTemplate, configuration: ServerConfiguration) -> Obstacle | None:
    """Say what the server has against the form of a hello; None where it is answered like any other."""
    filled = _filled(template)
    try:
        hello = _read(filled, template.format, configuration)
    except PeerFault as fault:
        why = f"the server cannot read the hello: {fault.detail}{_empty_last_extension(filled)}"
        cause = cause_of_fault(fault.fault, configuration.initial_record_version, configuration)
        return _obstacle(why, cause)
    checks = () if configuration.reading is None else configuration.reading.checks
    intolerances = tuple(Check(each.features, each.reaction) for each in configuration.intolerances)
    try:
        return _refusing_check((*checks, *intolerances), hello, configuration)
    except PeerFault:  # there is no common version, which is no question of form
        return None


def _refusing_check(
    checks: Iterable[Check], hello: ClientHello, configuration: ServerConfiguration
) -> Obstacle | None:
    """The first check that the hello does not pass. Raises PeerFault where one needs a common version."""
    record_version = configuration.initial_record_version
    for check in checks:
        if check.reaction is not None:
            feature = next((each for each in check.features if has_feature(hello, each)), None)
            if feature is not None:
                version = check.record_version or record_version
                cause = _cause_of_reaction(check.reaction, version, configuration)
                return _obstacle(f"the server is intolerant of {feature}", cause)
        elif check.step is Step.USE_VERSION:
            record_version = min(choose_version(hello, configuration), ProtocolVersion.TLS_1_2)
        elif check.step is Step.CHOOSE_VERSION:
            choose_version(hello, configuration)
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
    return fill_hello(template, SUBJECT, bytes)


def _read(filled: FilledHello, form: HelloFormat, configuration: ServerConfiguration) -> ClientHello:
    """Read a hello as the server does. Raises PeerFault for one that it cannot read."""
    is_sslv2, message = form is HelloFormat.SSLV2, filled.message
    if configuration.parsing is not None:
        message = translate_sslv2_hello(message) if is_sslv2 else message
        return _read_from_stream(message, configuration.parsing)
    if configuration.reading is not None:
        reader = LenientReader(configuration.reading)
        if is_sslv2:
            return reader.read_sslv2_hello(message)
        reader.feed(message)
        item = reader.next()
        assert item is not None, "the message is whole"
        assert item[1] is not None, "it is a hello"
        return item[1]
    if is_sslv2:
        return pull_sslv2_client_hello(message).to_client_hello()
    return pull_client_hello(message[HEADER_SIZE:])


def _read_from_stream(message: bytes, rules: StreamParsing) -> ClientHello:
    stream = HandshakeStream()
    stream.feed(message)
    _, announced = stream.peek_header()
    stream.read(HEADER_SIZE)
    return read_client_hello(stream, announced, rules)


def _empty_last_extension(filled: FilledHello) -> str:
    """What trips a reader that takes an empty body in last place for the end of its data."""
    extensions = getattr(filled.hello, "extensions", None)
    if not extensions or extensions[-1].body:
        return ""
    return f"; its last extension, {extension_name(extensions[-1].extension_type)}, is empty"
