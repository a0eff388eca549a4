"""The extension delegated_credential of a server's certificate, as bytes (RFC 9345 section 4)."""

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.wire.buffer import Reader, pack_uint, pack_vector


class DelegatedCredential(Struct, frozen=True):
    """`valid_time` is in seconds from the certificate's notBefore; `signature_scheme` the one that the key is
    for, `public_key` its SubjectPublicKeyInfo in DER; `signed_with` the scheme of the signature that the
    certificate's key has made.
    """

    valid_time: int
    signature_scheme: int
    public_key: bytes
    signed_with: int
    signature: bytes

    @property
    def credential(self) -> bytes:
        """The part that is signed."""
        fields = pack_uint(4, self.valid_time) + pack_uint(2, self.signature_scheme)
        return fields + pack_vector(3, self.public_key)


def pull_delegated_credential(body: bytes) -> DelegatedCredential:
    """Read the extension's body. Raises DecodeError."""
    with Reader(body) as reader:
        read = DelegatedCredential(
            reader.pull_uint(4, "valid_time"),
            reader.pull_uint(2, "dc_cert_verify_algorithm"),
            reader.pull_vector(3, "ASN1_subjectPublicKeyInfo"),
            reader.pull_uint(2, "algorithm"),
            reader.pull_vector(2, "signature"),
        )
    for content, name in ((read.public_key, "ASN1_subjectPublicKeyInfo"), (read.signature, "signature")):
        if not content:
            raise DecodeError(f"{name}: empty")
    return read


def push_delegated_credential(delegated: DelegatedCredential) -> bytes:
    """Write the extension's body."""
    return delegated.credential + pack_uint(2, delegated.signed_with) + pack_vector(2, delegated.signature)
