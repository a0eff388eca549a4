"""Which kind of certificate the server shows, and whether it asks the client for one. Nothing new is asked
but what a client without a certificate gets.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_der_x509_certificate

from handshake.events import Phase
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Question
from matrix.twin.reply import Reply, is_of_server
from servers.credentials import KINDS

_ORDINARY = ("rsa-2048", "ecdsa-secp256r1", "dsa-1024")
_AFTER_THE_ANSWER = (Phase.FINISHED, Phase.APPLICATION_DATA)


def _ask(draft: Draft) -> Asking[None]:
    kinds = {_kind(reply.certificate) for reply in draft.asked.values() if reply.certificate is not None}
    unusual = sorted(kind for kind in kinds if kind not in _ORDINARY)
    if unusual and len(kinds) == 1 and unusual[0] in KINDS:
        draft.certificate_kind = unusual[0]
        draft.declared["certificates"] = [KINDS[unusual[0]].type.value]
    elif unusual:
        shown = ", ".join(sorted(kinds))
        draft.note(f"the server shows certificates of these kinds: {shown}; the twin shows ordinary ones")
    for version in draft.versions:
        reply = yield from draft.ask(draft.hellos[version])
        if reply.certificate_requested:
            _take_request(draft, version, reply)


def _kind(der: bytes) -> str:
    try:
        certificate = load_der_x509_certificate(der)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unreadable"
    match key:
        case RSAPublicKey():
            return f"rsa-{'pss-' if _is_pss(certificate) else ''}{key.key_size}"
        case EllipticCurvePublicKey():
            return f"ecdsa-{key.curve.name}"
        case DSAPublicKey():
            return f"dsa-{key.key_size}"
        case Ed25519PublicKey():
            return "ed25519"
        case _:
            return "other"


def _is_pss(certificate: Certificate) -> bool:
    return certificate.public_key_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10"  # RFC 4055


def _take_request(draft: Draft, version: int, reply: Reply) -> None:
    failure = reply.failure
    is_required = failure is not None and failure.phase in _AFTER_THE_ANSWER and is_of_server(failure.cause)
    draft.declared["client_certificate"] = "require" if is_required else "request"
    if failure is not None and is_required:
        is_1_3 = version == ProtocolVersion.TLS_1_3
        draft.refuse("certificate-required" if is_1_3 else "missing-certificate", failure.cause)


QUESTION = Question("certificates", "which certificate it shows, and whether it wants one", _ask)
