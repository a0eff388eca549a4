"""How much content a record may have where two ends agree on less than the RFCs' 16384 bytes: by
record_size_limit (RFC 8449), else by max_fragment_length (RFC 6066 section 4).

By record_size_limit each end says what it takes, so that there are two bounds; max_fragment_length is one for
both. In TLS 1.3 record_size_limit counts the content type, too (RFC 8449 section 4).
"""

from collections.abc import Mapping

from handshake.record_layer import RecordLayer
from handshake.wire.record import MAX_PLAINTEXT_LENGTH
from handshake.wire.registry import ExtensionType

MIN_RECORD_SIZE_LIMIT = 64
"""The least that an end may say (RFC 8449 section 4)."""


def agree(
    records: RecordLayer, peers: Mapping[int, bytes], own: Mapping[int, bytes], *, is_tls13: bool
) -> None:
    """Send and take records as both ends have agreed; `peers` and `own` are the bodies of the extensions by
    type, an answer's on one side and a hello's on the other. The bodies were judged before.
    """
    code = ExtensionType.RECORD_SIZE_LIMIT
    if code in peers and code in own:
        records.max_plaintext = _content(peers[code], is_tls13=is_tls13)
        records.max_received = _content(own[code], is_tls13=is_tls13)
    elif ExtensionType.MAX_FRAGMENT_LENGTH in peers and ExtensionType.MAX_FRAGMENT_LENGTH in own:
        length = 1 << (8 + peers[ExtensionType.MAX_FRAGMENT_LENGTH][0])
        records.max_plaintext = records.max_received = length


def _content(body: bytes, *, is_tls13: bool) -> int:
    return min(int.from_bytes(body, "big") - is_tls13, MAX_PLAINTEXT_LENGTH)
