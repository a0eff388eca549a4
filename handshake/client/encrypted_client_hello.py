"""What a server answers to an encrypted_client_hello without meaning: it is read, and then passed over (RFC
9849 section 6.2).
"""

import re

from handshake.client.handshake import ClientHandshake
from handshake.errors import Fault, PeerFault
from handshake.wire.encrypted_client_hello import (
    VERSION,
    check_ech_confirmation,
    pull_ech_config_contents,
    pull_ech_config_list,
)

_LABEL = re.compile(rb"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


def check_ech_answer(body: bytes, *, is_retry: bool) -> None:
    """Read the list of EncryptedExtensions, or a HelloRetryRequest's confirmation. Raises DecodeError."""
    if is_retry:
        check_ech_confirmation(body)
    else:
        pull_ech_config_list(body)


def mind_public_names(handshake: ClientHandshake, body: bytes) -> None:
    """Mind names that are none of hosts, in a list that was read. A client has to ignore the configuration
    then (RFC 9849 section 4), which is all that it does with one that can be used.
    """
    for config in pull_ech_config_list(body):
        if config.version == VERSION:
            name = pull_ech_config_contents(config.contents).public_name
            if not _is_host_name(name):
                detail = f"the public_name of an ECHConfig is {name!r}"
                handshake.mind(PeerFault(Fault.DECODE, detail, "ech-config-public-name-of-no-host"))


def _is_host_name(name: bytes) -> bool:
    """Whether it is labels of letters, digits and hyphens, and not read as an IPv4 address."""
    labels = name.split(b".")
    return all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
