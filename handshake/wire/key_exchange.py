"""Key exchange on the wire: ServerKeyExchange parameters, the signature over them, ClientKeyExchange.

RFC 5246 sections 7.4.3 and 7.4.7, RFC 8422 sections 5.4 and 5.7, RFC 6101 section 5.6 for SSLv3, RFC 2246
section 7.4.3 for RSA_EXPORT. A ServerKeyExchange is read with one `Reader`: first the parameters
(`body[:reader.offset]` is what is signed), then, unless the suite is anonymous, `pull_digitally_signed`,
then `reader.finish()`.
"""

from dataclasses import dataclass, field

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader, pack_uint, pack_vector
from handshake.wire.registry import ProtocolVersion

NAMED_CURVE = 3
"""ECCurveType; explicit_prime (1) and explicit_char2 (2) are deprecated (RFC 8422 section 5.4)."""


@dataclass(frozen=True, slots=True)
class DHParameters:
    """ServerDHParams: prime, generator and public value.

    `widths` are the least lengths in bytes at which p, g and the public value are written, zeros in front;
    0 means as short as possible. A pull keeps the lengths found, so that nothing is lost; equality is that
    of the numbers.
    """

    p: int
    g: int
    public: int
    widths: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)


class ECDHParameters(Struct, frozen=True):
    """ServerECDHParams with a named curve; `public` is the encoded point."""

    named_group: int
    public: bytes


@dataclass(frozen=True, slots=True)
class RSAParameters:
    """ServerRSAParams of RSA_EXPORT; `widths` as in `DHParameters`."""

    modulus: int
    exponent: int
    widths: tuple[int, int] = field(default=(0, 0), compare=False)


class DigitallySigned(Struct, frozen=True):
    """A signature, and from TLS 1.2 on its scheme; None before."""

    signature_scheme: int | None
    signature: bytes


def pull_dh_parameters(reader: Reader) -> DHParameters:
    """The ServerDHParams at the front of a ServerKeyExchange."""
    p, g, public = (_pull_number(reader, name) for name in ("dh_p", "dh_g", "dh_Ys"))
    return DHParameters(_number(p), _number(g), _number(public), (len(p), len(g), len(public)))


def push_dh_parameters(parameters: DHParameters) -> bytes:
    """ServerDHParams."""
    numbers = (parameters.p, parameters.g, parameters.public)
    return b"".join(map(_push_number, numbers, parameters.widths))


def pull_ecdh_parameters(reader: Reader) -> ECDHParameters:
    """The ServerECDHParams at the front of a ServerKeyExchange; only named curves can be read."""
    start = reader.offset
    curve_type = reader.pull_uint(1, "curve_type")
    if curve_type != NAMED_CURVE:
        raise DecodeError(
            f"curve_type: {curve_type}; only a named curve (3) can be read", start, "curve-type"
        )
    return ECDHParameters(reader.pull_uint(2, "namedcurve"), _pull_some(reader, 1, "public point"))


def push_ecdh_parameters(parameters: ECDHParameters) -> bytes:
    """ServerECDHParams."""
    return (
        pack_uint(1, NAMED_CURVE) + pack_uint(2, parameters.named_group) + pack_vector(1, parameters.public)
    )


def pull_rsa_parameters(reader: Reader) -> RSAParameters:
    """The ServerRSAParams at the front of a ServerKeyExchange."""
    modulus, exponent = (_pull_number(reader, name) for name in ("rsa_modulus", "rsa_exponent"))
    return RSAParameters(_number(modulus), _number(exponent), (len(modulus), len(exponent)))


def push_rsa_parameters(parameters: RSAParameters) -> bytes:
    """ServerRSAParams."""
    return b"".join(map(_push_number, (parameters.modulus, parameters.exponent), parameters.widths))


def pull_digitally_signed(reader: Reader, version: int) -> DigitallySigned:
    """A digitally-signed element of the negotiated `version` (RFC 5246 section 4.7; RFC 2246 section 4.7)."""
    scheme = reader.pull_uint(2, "signature_scheme") if version >= ProtocolVersion.TLS_1_2 else None
    return DigitallySigned(scheme, reader.pull_vector(2, "signature"))


def push_digitally_signed(signed: DigitallySigned) -> bytes:
    """The scheme, if there is one, and the signature."""
    scheme = b"" if signed.signature_scheme is None else pack_uint(2, signed.signature_scheme)
    return scheme + pack_vector(2, signed.signature)


def pull_encrypted_pre_master_secret(body: bytes, version: int) -> bytes:
    """The ciphertext in a ClientKeyExchange of RSA: all of it in SSLv3, behind a length from TLS 1.0 on."""
    if version <= ProtocolVersion.SSL_3_0:
        return body
    with Reader(body) as reader:
        return reader.pull_vector(2, "encrypted_pre_master_secret")


def push_encrypted_pre_master_secret(ciphertext: bytes, version: int) -> bytes:
    """The body of a ClientKeyExchange of RSA (RFC 5246 section 7.4.7.1 tells how SSLv3 differs)."""
    return ciphertext if version <= ProtocolVersion.SSL_3_0 else pack_vector(2, ciphertext)


def pull_client_dh_public(body: bytes) -> bytes:
    """The dh_Yc in a ClientKeyExchange, leading zeros kept."""
    with Reader(body) as reader:
        return _pull_some(reader, 2, "dh_Yc")


def push_client_dh_public(public: bytes) -> bytes:
    """The body of a ClientKeyExchange of finite-field DH."""
    return pack_vector(2, public)


def pull_client_ecdh_public(body: bytes) -> bytes:
    """The encoded point in a ClientKeyExchange."""
    with Reader(body) as reader:
        return _pull_some(reader, 1, "ecdh_Yc")


def push_client_ecdh_public(public: bytes) -> bytes:
    """The body of a ClientKeyExchange of ECDH."""
    return pack_vector(1, public)


def _pull_some(reader: Reader, prefix_size: int, name: str) -> bytes:
    start = reader.offset
    content = reader.pull_vector(prefix_size, name)
    if not content:
        raise DecodeError(f"{name}: empty", start)
    return content


def _pull_number(reader: Reader, name: str) -> bytes:
    return _pull_some(reader, 2, name)


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _push_number(value: int, width: int) -> bytes:
    length = max(width, (value.bit_length() + 7) // 8, 1)
    return pack_vector(2, value.to_bytes(length, "big"))
