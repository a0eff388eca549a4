"""Extensions that are lists, as the names of what is listed.

A name is IANA's or hex, of an application protocol its text. Each is read back.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.features.bodies import public_value
from handshake.wire.buffer import Reader, pack_uints, pack_vector
from handshake.wire.extensions import pull_alpn, pull_key_share_list, push_alpn, push_key_share_list
from handshake.wire.registry import (
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
    group_name,
    is_grease,
    parse_hex_code,
    signature_scheme_name,
    unknown_name,
    version_name,
)

Entry = TypeVar("Entry", int, bytes)


class _List(Struct, Generic[Entry], frozen=True):
    """How one list is read, written (with the body as it was, for what belongs to an entry) and named."""

    pull: Callable[[bytes], Sequence[Entry]]
    push: Callable[[Sequence[Entry], bytes], bytes]
    name: Callable[[Entry], str]
    parse: Callable[[str], Entry]

    def names(self, body: bytes) -> tuple[str, ...]:
        return tuple(map(self.name, self.pull(body)))

    def canonical(self, name: str) -> str:
        return self.name(self.parse(name))

    def body(self, names: Sequence[str], before: bytes) -> bytes:
        return self.push([self.parse(name) for name in names], before)


def _numbers(prefix: int, size: int, what: str, known: Mapping[int, str]) -> _List[int]:
    codes = {name.lower(): code for code, name in known.items()}

    def pull(body: bytes) -> tuple[int, ...]:
        with Reader(body) as reader:
            return reader.pull_uint_vector(prefix, size)

    def push(numbers: Sequence[int], before: bytes) -> bytes:
        return pack_vector(prefix, pack_uints(size, tuple(numbers)))

    def name(number: int) -> str:
        return known.get(number, f"0x{number:0{2 * size}x}")

    def parse(text: str) -> int:
        number = codes.get(text.strip().lower(), parse_hex_code(text, 2 * size))
        if number is None:
            raise unknown_name(what, text, list(known.values()))
        return number

    return _List(pull, push, name, parse)


def _known(members: type[IntEnum], name: Callable[[int], str]) -> dict[int, str]:
    return {int(member): name(member) for member in members}


def _pull_shares(body: bytes) -> tuple[int, ...]:
    return tuple(group for group, _ in pull_key_share_list(body))


def _push_shares(groups: Sequence[int], before: bytes) -> bytes:
    keys = dict(pull_key_share_list(before)) if before else {}
    return push_key_share_list(tuple((g, keys[g] if g in keys else public_value(g)) for g in groups))


def _protocol_name(protocol: bytes) -> str:
    text = protocol.decode("ascii", "replace")
    is_plain = text.isascii() and text.isprintable() and " " not in text and not text.startswith("0x")
    return text if is_plain and text else f"0x{protocol.hex()}"


def _parse_protocol(text: str) -> bytes:
    if not text.startswith("0x"):
        return text.encode("ascii")
    return bytes.fromhex(text[2:])


_GROUPS = _numbers(2, 2, "named group", _known(NamedGroup, group_name))
_SCHEMES = _numbers(2, 2, "signature scheme", _known(SignatureScheme, signature_scheme_name))
_PROTOCOLS = _List(pull_alpn, lambda names, _: push_alpn(tuple(names)), _protocol_name, _parse_protocol)
_LISTS: Mapping[int, "_List[int] | _List[bytes]"] = {
    ExtensionType.SUPPORTED_GROUPS: _GROUPS,
    ExtensionType.KEY_SHARE: _List(_pull_shares, _push_shares, _GROUPS.name, _GROUPS.parse),
    ExtensionType.SIGNATURE_ALGORITHMS: _SCHEMES,
    ExtensionType.SIGNATURE_ALGORITHMS_CERT: _SCHEMES,
    ExtensionType.DELEGATED_CREDENTIAL: _SCHEMES,
    ExtensionType.SUPPORTED_VERSIONS: _numbers(1, 2, "version", _known(ProtocolVersion, version_name)),
    ExtensionType.EC_POINT_FORMATS: _numbers(
        1,
        1,
        "point format",  # RFC 8422 section 5.1.2
        {0: "uncompressed", 1: "ansiX962_compressed_prime", 2: "ansiX962_compressed_char2"},
    ),
    ExtensionType.PSK_KEY_EXCHANGE_MODES: _numbers(
        1,
        1,
        "key exchange mode",
        {0: "psk_ke", 1: "psk_dhe_ke"},  # RFC 8446 section 4.2.9
    ),
    ExtensionType.COMPRESS_CERTIFICATE: _numbers(
        1,
        2,
        "compression algorithm",
        {1: "zlib", 2: "brotli", 3: "zstd"},  # RFC 8879 section 7.3
    ),
    ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: _PROTOCOLS,
    ExtensionType.APPLICATION_SETTINGS: _PROTOCOLS,
    ExtensionType.APPLICATION_SETTINGS_NEW: _PROTOCOLS,
}

LIST_TYPES = tuple(code for code in _LISTS if code != ExtensionType.SUPPORTED_VERSIONS)
"""The extensions whose entries are features as such; a version in supported_versions is `offers-version`."""


@lru_cache(maxsize=4096)  # hundreds of hellos are compared, and have a few bodies between them
def entries(extension_type: int, body: bytes) -> tuple[str, ...] | None:
    """The names of what the body lists; None for one that is no such list or cannot be read."""
    kind = _LISTS.get(extension_type)
    try:
        return None if kind is None else kind.names(body)
    except DecodeError:
        return None


def body_of(extension_type: int, names: Sequence[str], before: bytes = b"") -> bytes:
    """The body that lists `names`, what is not new of it being as in the body `before`."""
    return _LISTS[extension_type].body(names, before)


def canonical(extension_type: int, name: str) -> str:
    """The name as `entries` gives it. Raises ValueError for one that is not known."""
    return _LISTS[extension_type].canonical(name)


@lru_cache(maxsize=1024)
def is_grease_entry(name: str) -> bool:
    """Whether the name is that of a GREASE value (RFC 8701); of the one-byte ones there are others."""
    code = parse_hex_code(name, 4)
    return code is not None and len(name) == len("0x0a0a") and is_grease(code)
