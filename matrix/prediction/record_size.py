"""A record_size_limit that is lower than the client takes."""

from handshake.client.extensions import SMALL_RECORD_SIZE_LIMIT
from handshake.wire.registry import ExtensionType
from matrix.prediction.obstacle import Negotiation, Obstacle

NAMES = ("record-size-limit-below-512",)
"""What it is called in a client's `[accepts]`."""


def small_record_size(negotiation: Negotiation) -> Obstacle | None:
    """The limit of an emulated server, where the client has sent one of its own (RFC 8449 section 4)."""
    configuration = negotiation.server.configuration
    limit = None if configuration is None else configuration.record_size_limit
    answer = negotiation.client.policy.accepts.answer(NAMES)
    types = (each.extension_type for each in negotiation.hello.extensions or ())
    is_told = limit is not None and ExtensionType.RECORD_SIZE_LIMIT in types
    if not is_told or limit is None or limit >= SMALL_RECORD_SIZE_LIMIT or answer is None or answer.goes_on:
        return None
    return Obstacle(f"the server takes records of {limit} bytes, the client no limit below 512")
