"""A server's delegated credential judged: who may have signed it, for how long, and what for (RFC 9345
section 4.1.3, which has illegal_parameter for all of it).
"""

from handshake.client.handshake import ClientHandshake
from handshake.crypto.delegation import (
    MAX_VALIDITY_SECONDS,
    delegated_public_key,
    may_delegate,
    not_before,
    signed_content,
)
from handshake.crypto.signatures import is_verifiable, verify
from handshake.errors import DecodeError, Fault, Parameter, PeerFault, UnsupportedParameter
from handshake.wire.delegated_credential import DelegatedCredential, pull_delegated_credential
from handshake.wire.extensions import pull_signature_algorithms
from handshake.wire.registry import ExtensionType, signature_scheme_name

_RSAE = ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512")
"""What no delegated key is for (RFC 9345 section 3.1)."""


def take_delegated_credential(handshake: ClientHandshake, body: bytes) -> None:
    """Judge the extension of the server's own certificate, and take its key in the place of the
    certificate's.
    """
    delegated = handshake.read(pull_delegated_credential, body, "delegated-credential")
    _check_scheme(handshake, delegated)
    _check_time(handshake, delegated)
    if not may_delegate(handshake.server_certificate):
        detail = "the certificate has no DelegationUsage, or is not for signatures"
        _judge(handshake, detail, "delegated-credential-without-usage")
    _check_signature(handshake, delegated)
    handshake.server_key = delegated_public_key(delegated)
    handshake.delegated_scheme = delegated.signature_scheme


def check_scheme_of_delegated_key(handshake: ClientHandshake, scheme: int | None) -> None:
    """Hold the scheme of CertificateVerify against the one that the key was delegated for."""
    delegated = handshake.delegated_scheme
    if scheme != delegated:
        name = signature_scheme_name(scheme or 0)
        detail = f"the server signs with {name} by a key for {signature_scheme_name(delegated or 0)}"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, "delegated-credential-of-another-scheme")


def _check_scheme(handshake: ClientHandshake, delegated: DelegatedCredential) -> None:
    scheme = delegated.signature_scheme
    name = signature_scheme_name(scheme)
    if scheme not in _listed(handshake, ExtensionType.DELEGATED_CREDENTIAL) or name in _RSAE:
        detail = f"the delegated credential is for {name}, which was not offered"
        _judge(handshake, detail, "delegated-credential-scheme-not-offered")
    if not is_verifiable(scheme):
        raise UnsupportedParameter(Parameter.SIGNATURE_SCHEME, name)


def _check_time(handshake: ClientHandshake, delegated: DelegatedCredential) -> None:
    clock = handshake.connection.clock
    if clock is None:
        return
    left = not_before(handshake.server_certificate) + delegated.valid_time - clock()
    if left <= 0:
        _judge(handshake, "the delegated credential has expired", "delegated-credential-expired")
    if left > MAX_VALIDITY_SECONDS:
        detail = f"the delegated credential is valid for {int(left)} seconds more"
        _judge(handshake, detail, "delegated-credential-valid-for-too-long")


def _check_signature(handshake: ClientHandshake, delegated: DelegatedCredential) -> None:
    """By the certificate's key, with a scheme that the hello offers for certificates' keys."""
    assert handshake.server_key is not None, "set with the certificate"
    scheme, name = delegated.signed_with, "delegated-credential-signature"
    if scheme not in _listed(handshake, ExtensionType.SIGNATURE_ALGORITHMS):
        detail = f"the delegated credential is signed with {signature_scheme_name(scheme)}, not offered"
        _judge(handshake, detail, "delegated-credential-signed-with-what-was-not-offered")
    if not is_verifiable(scheme):
        raise UnsupportedParameter(Parameter.SIGNATURE_SCHEME, signature_scheme_name(scheme))
    content = signed_content(handshake.server_certificate, delegated)
    try:
        verify(handshake.server_key, scheme, content, delegated.signature)
    except PeerFault as fault:
        _judge(handshake, f"the delegated credential: {fault.detail}", name)


def _judge(handshake: ClientHandshake, detail: str, name: str) -> None:
    handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, name))


def _listed(handshake: ClientHandshake, extension_type: int) -> tuple[int, ...]:
    """The schemes that an extension of the hello lists; none where it is malformed on purpose."""
    body = handshake.sent.extension(extension_type)
    try:
        return () if body is None else pull_signature_algorithms(body)
    except DecodeError:
        return ()
