"""Both roles of the engine as readers: of a handshake one record is what the bytes say.

The first three bytes choose the handshake, the number of the record and its content type; what follows is the
record before its protection, so that the reader gets behind it. At the number STREAM it is all that the peer
ever sends.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from servers.definition import load_definition, load_definitions
from servers.emulated.server import EmulatedServer
from servers.variant import parse_server_id, plain_variant
from tests.hostile.client import Client, Conversation
from tests.hostile.handshakes import HANDSHAKES, TLS_1_0, Handshake
from tests.hostile.readers.reader import Reader
from tests.hostile.server import Line, Server, visit
from tests.matrix.twin.memory import server_of_variant
from tests.mutations.content import with_other_bytes
from tests.mutations.records import Alteration, Written

STREAM = 255
HEAD_SIZE = 3
MOST_CONTENT = 60_000
"""So that it fits into a record, whatever its protection adds."""
_NAMES = tuple(HANDSHAKES)
_EMULATED = ("jsse6@6u45", "jsse7@7u25", "jsse6@6u22")
_OF_FIDELITY = Path(__file__).parents[3] / "bench" / "fidelity" / "servers"
_PLAIN = Handshake(TLS_1_0, 0x002F)


class Stream:
    """Somebody who says one thing, whatever comes."""

    is_over = False

    def __init__(self, words: bytes) -> None:
        self._words = words

    def take(self, data: bytes) -> None:
        """Nobody listens."""

    def give(self) -> bytes:
        """All there is to say, once."""
        words, self._words = self._words, b""
        return words


def _alteration(content_type: int, content: bytes) -> Alteration:
    return Alteration(lambda written: (Written(content_type, content),))


def read_by_client(data: bytes, folder: Path) -> None:
    """Let a client read a server's handshake with that record in it."""
    del folder
    choice, number, content_type = data[:HEAD_SIZE].ljust(HEAD_SIZE, b"\0")
    handshake, content = HANDSHAKES[_NAMES[choice % len(_NAMES)]], data[HEAD_SIZE:][:MOST_CONTENT]
    if number == STREAM:
        visit(handshake, Line(Stream(content)))
    else:
        visit(handshake, Line(Server(handshake, _alteration(content_type, content), number)))


@cache
def client_seeds() -> Sequence[bytes]:
    """Every record of every handshake, and every stream as far as it can be heard again."""
    return tuple(_client_seeds())


def _client_seeds() -> Iterator[bytes]:
    for choice, name in enumerate(_NAMES):
        server = Server(HANDSHAKES[name])
        line = Line(server)
        assert visit(HANDSHAKES[name], line).failure is None
        for number, written in enumerate(server.records.meant):
            yield bytes((choice, number, written.content_type)) + written.fragment
        yield bytes((choice, STREAM, 0)) + line.heard


@cache
def _servers() -> Sequence[tuple[Handshake, EmulatedServer]]:
    """The servers of the handshakes, and some that read in ways of their own."""
    definitions = load_definitions()
    variants = [parse_server_id(identity, definitions) for identity in _EMULATED]
    for path in sorted(_OF_FIDELITY.glob("*/server.toml")):
        definition = load_definition(path)
        variants += [plain_variant(definition, level) for level in definition.levels]
    return (
        *((handshake, handshake.server()) for handshake in HANDSHAKES.values()),
        *((_PLAIN, server_of_variant(variant)) for variant in variants),
    )


def read_by_server(data: bytes, folder: Path) -> None:
    """Let a server read a client's handshake with that record in it."""
    del folder
    choice, number, content_type = data[:HEAD_SIZE].ljust(HEAD_SIZE, b"\0")
    handshake, server = _servers()[choice % len(_servers())]
    conversation, content = Conversation(server), data[HEAD_SIZE:][:MOST_CONTENT]
    if number == STREAM:
        conversation.hear(content)
        conversation.end()
    else:
        conversation.hold(Client(handshake, _alteration(content_type, content), number))


@cache
def server_seeds() -> Sequence[bytes]:
    """Every record of every handshake, and every stream as far as it can be heard again."""
    return tuple(_server_seeds())


def _server_seeds() -> Iterator[bytes]:
    for choice, (handshake, server) in enumerate(_servers()):
        client = Client(handshake)
        assert Conversation(server).hold(client).reason is None, server.id
        for number, written in enumerate(client.records.meant):
            yield bytes((choice, number, written.content_type)) + written.fragment
        yield bytes((choice, STREAM, 0)) + client.said


def mutate(data: bytes, random: Random) -> bytes:
    """Another record; seldom in the place of another, or of another type."""
    head = bytearray(data[:HEAD_SIZE].ljust(HEAD_SIZE, b"\0"))
    if random.random() < 0.1:
        head[1] = random.choice((*range(8), STREAM))
    if random.random() < 0.1:
        head[2] = random.choice((20, 21, 22, 23, 24))
    return bytes(head) + with_other_bytes(data[HEAD_SIZE:], random)


CLIENT_ENGINE = Reader("client-engine", client_seeds, read_by_client, mutate)
SERVER_ENGINE = Reader("server-engine", server_seeds, read_by_server, mutate)
