"""The later hellos of genuine clients (tests/vectors/later-hellos.json), and our client's in the same place.

A case has both hellos of one connection as they were on the wire, and what asked for the second:
"hello-retry-request" (for secp384r1), "hello-request", or "own", where the client began to renegotiate.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from clients.canonical import canonical, order_of
from clients.profile import Profile
from handshake.client.connection import ClientConnection
from handshake.server import ServerConnection
from handshake.wire.client_hello import ClientHello, pull_client_hello
from handshake.wire.extensions import pull_server_name
from handshake.wire.registry import ExtensionType, NamedGroup
from tests.clients.engine_server import Seen, renegotiating, retrying
from tests.handshake.peers import Ours, pump

VECTORS = Path(__file__).parents[1] / "vectors" / "later-hellos.json"
RETRY = "hello-retry-request"
RETRY_GROUP = NamedGroup.SECP384R1


@dataclass(frozen=True)
class LaterHello:
    """What of two hellos of a connection can be compared with another client's.

    `first` and `second` are canonical bytes. `between` are the content types of the records between them,
    `record_version` the second one's; both None in an encrypted connection. `session_id` is the second one's:
    "empty", "first", "server's" or "fresh". `keeps` says whether the order of extensions is the first one's.
    """

    first: bytes
    second: bytes
    session_id: str
    keeps_order: bool
    between: tuple[int, ...] | None
    record_version: int | None


def hello(message: bytes) -> ClientHello:
    """Read a ClientHello with its header."""
    return pull_client_hello(message[4:])


def later_hello(profile: Profile, seen: Seen, after: str) -> LaterHello:
    """What was seen of a client, with what the profile says is drawn put to one value."""
    template = profile.attempts[0].template
    first, second = (hello(message) for message in seen.hellos[:2])
    kept = set(order_of(first)) & set(order_of(second))
    is_retry = after == RETRY
    return LaterHello(
        canonical(first, template),
        canonical(second, template),
        session_id_of(second, first, seen.session_ids),
        [t for t in order_of(first) if t in kept] == [t for t in order_of(second) if t in kept],
        tuple(seen.before_second_hello) if is_retry else None,
        seen.second_record_version if is_retry else None,
    )


def session_id_of(second: ClientHello, first: ClientHello, given: set[bytes]) -> str:
    """Whose session id the second hello has."""
    if not second.session_id:
        return "empty"
    if second.session_id == first.session_id:
        return "first"
    return "server's" if second.session_id in given else "fresh"


def ours(profile: Profile, server_name: str | None, after: str) -> Seen:
    """Our client as the profile says, with the same server, in memory."""
    connection = ClientConnection(
        profile.attempts[0].template,
        server_name=server_name,
        limits=profile.client_limits,
        policy=profile.client_policy,
        entropy=os.urandom,
    )
    connection.start(0.0)
    server = ServerConnection(
        retrying(RETRY_GROUP) if after == RETRY else renegotiating(), entropy=os.urandom
    )
    seen, client, theirs = Seen(), Ours(connection), Ours(server)
    pump(client, theirs)
    seen.note(server)
    if after == "hello-request":
        server.request_renegotiation(0.0)
    elif after == "own":
        connection.renegotiate(0.0)
    pump(client, theirs)
    seen.note(server)
    assert (client.is_connected, theirs.is_connected) == (True, True), (client.events, theirs.events)
    return seen


def server_name_of(first: ClientHello) -> str | None:
    """The host name in a hello."""
    body = first.extension(ExtensionType.SERVER_NAME)
    return None if body is None else pull_server_name(body)[0][1].decode()


def vectors() -> list[dict[str, object]]:
    """The recorded cases."""
    return list(json.loads(VECTORS.read_text(encoding="utf-8"))["cases"])
