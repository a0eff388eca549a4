"""How a profile's text becomes code points: the field types of the TOML format.

Names are IANA's; a hex number is always accepted, so a suite or extension nobody has named can be written
too. Each type is a plain Python value with the reading in front of it and its own piece of JSON Schema.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from definitions.fault import Mistakes, Place
from handshake.reason import Kind, parse_causes
from handshake.wire.cipher_suites import parse_cipher_spec, parse_cipher_suite
from handshake.wire.registry import (
    CertificateCompressionAlgorithm,
    CompressionMethod,
    parse_alert,
    parse_extension_type,
    parse_group,
    parse_version,
)

CODE_PATTERN = r"^(0x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9_.-]*)$"
TRIGGER_PATTERN = (
    r"^(fin|reset|timeout|close_notify|alert[:-]([0-9]{1,3}(-[0-9]{1,3})?|[a-z_]+)"
    r"|protocol-error[:-][a-z-]+)$"
)
_TRIGGERS = frozenset(
    {Kind.FIN, Kind.RESET, Kind.TIMEOUT, Kind.CLOSE_NOTIFY, Kind.ALERT, Kind.PROTOCOL_ERROR}
)
HEX_PATTERN = r"^[0-9a-fA-F \n]*$"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"write it as text in quotes, not as {value!r}")
    return value


def _code(parse: Callable[[str], int]) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(_text(value)))


def _name_or_hex(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": CODE_PATTERN, "description": description})


def _parse_compression_method(text: str) -> int:
    if text.upper() in CompressionMethod.__members__:
        return CompressionMethod[text.upper()]
    if re.fullmatch(r"0x[0-9a-fA-F]{1,2}", text):
        return int(text, 16)
    raise ValueError(f"unknown compression method {text!r}: write null, deflate, lzs or a number like 0x01")


def _parse_compression_algorithm(text: str) -> int:
    names = [each.name.lower() for each in CertificateCompressionAlgorithm]
    if text not in names:
        raise ValueError(f"unknown algorithm of certificate compression {text!r}: write {', '.join(names)}")
    return CertificateCompressionAlgorithm[text.upper()]


def _parse_cipher(text: str) -> int:
    """Read a cipher suite or an SSLv2 cipher spec of 24 bits; which of them fits is the hello's to check."""
    try:
        return parse_cipher_spec(text)
    except ValueError:
        return parse_cipher_suite(text)  # for its advice, which is about the names most often meant


@lru_cache(maxsize=1024)
def _cipher(text: str) -> int:
    """Cached: the same few hundred names stand in every profile."""
    return _parse_cipher(text)


MOST_MISTAKES = 20
"""Of a list of names. What is near to a name is searched for among thousands, which takes a while each."""


def _parse_ciphers(value: Any) -> tuple[int, ...]:
    """Read a whole list in one go, because there are thousands of names. Raises Mistakes."""
    names = _as_tuple(value)
    try:
        return tuple([_cipher(name) for name in names])
    except (ValueError, TypeError, AttributeError):
        pass
    wrong: list[tuple[Place, str]] = []
    for index, name in enumerate(names):
        try:
            _parse_cipher(_text(name))
        except ValueError as error:
            wrong.append(((index,), str(error)))
        if len(wrong) == MOST_MISTAKES:
            wrong[-1] = ((index,), f"{wrong[-1][1]}; names behind it were not looked at")
            break
    raise Mistakes(wrong)


def _parse_hex_body(value: Any) -> bytes:
    digits = "".join(_text(value).split())
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ValueError("write the body as pairs of hexadecimal digits, e.g. '0004 0017 0018'") from None


def _check_trigger(value: Any) -> str:
    """Check a cause that can lead to another hello: an end by the server, or its breach of the protocol."""
    if not all(cause.kind in _TRIGGERS for cause in parse_causes(_text(value))):
        raise ValueError(
            f"{value!r} leads to no further attempt; write one of {', '.join(sorted(_TRIGGERS))}"
        )
    return str(value)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("write a list in square brackets")
    return tuple(value)


Listed = BeforeValidator(_as_tuple)  # TOML has lists, the models tuples
Version = Annotated[int, _code(parse_version), _name_or_hex('protocol version: "TLSv1.0" or "0x0301"')]
CIPHER_SCHEMA = {
    "type": "string",
    "pattern": CODE_PATTERN,
    "description": "cipher suite by IANA name or hex; in an SSLv2-format hello a cipher spec",
}
Cipher = Annotated[int, _code(_parse_cipher), WithJsonSchema(CIPHER_SCHEMA)]
Group = Annotated[int, _code(parse_group), _name_or_hex("named group by IANA name or hex")]
ExtensionType = Annotated[int, _code(parse_extension_type), _name_or_hex("extension by IANA name or hex")]
Ciphers = Annotated[
    tuple[int, ...],
    BeforeValidator(_parse_ciphers),
    WithJsonSchema({"type": "array", "items": CIPHER_SCHEMA}),
]
CompressionCode = Annotated[
    int, _code(_parse_compression_method), _name_or_hex("compression method: null, deflate, lzs")
]
CompressionAlgorithm = Annotated[
    int,
    _code(_parse_compression_algorithm),
    WithJsonSchema(
        {"type": "string", "enum": [each.name.lower() for each in CertificateCompressionAlgorithm]}
    ),
]
Alert = Annotated[int, _code(parse_alert), _name_or_hex("alert by its RFC name: handshake_failure")]
HexBody = Annotated[
    bytes,
    BeforeValidator(_parse_hex_body),
    WithJsonSchema({"type": "string", "pattern": HEX_PATTERN, "description": "hexadecimal, spaces allowed"}),
]
Trigger = Annotated[
    str,
    BeforeValidator(_check_trigger),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": TRIGGER_PATTERN,
            "description": "a failure of the attempt before: close_notify, fin, reset, timeout, "
            "alert:<name>, alert:<number>, alert:<first>-<last>, protocol-error:<what>",
        }
    ),
]
