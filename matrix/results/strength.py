"""What is weaker about a connection that works as before: its version, its cipher suite, its answer. Pure."""

from collections.abc import Iterator

from handshake.crypto.suite_parameters import CipherKind, KeyExchange, SuiteParameters, suite_parameters
from handshake.errors import UnsupportedParameter
from handshake.wire.cipher_suites import parse_cipher_suite
from handshake.wire.registry import parse_version
from matrix.results.run_file import CellRecord, NegotiatedRecord

REFUSING_STATUS = 400
"""From here on an HTTP status says that the request was not granted (RFC 9110 sections 15.5 and 15.6)."""
_WITHOUT_FORWARD_SECRECY = (KeyExchange.RSA, KeyExchange.RSA_EXPORT)


def weaknesses(old: CellRecord, new: CellRecord) -> list[str]:
    """Say what is weaker now, a phrase each; empty where nothing is, or where it is not known."""
    found: list[str] = []
    if old.negotiated is not None and new.negotiated is not None:
        found += _of_connections(old.negotiated, new.negotiated)
    if _is_granted(old) and new.http_status is not None and not _is_granted(new):
        found.append(f"the answer is HTTP status {new.http_status}, before it was {old.http_status}")
    return found


def _of_connections(old: NegotiatedRecord, new: NegotiatedRecord) -> Iterator[str]:
    version, earlier = _version(new), _version(old)
    if version is not None and earlier is not None and version < earlier:
        yield f"the version is {new.version}, before it was {old.version}"
    if old.renegotiation_info and not new.renegotiation_info and version is not None and version < 0x0304:
        yield "RFC 5746 is not signalled any more"
    before, now = _parameters(old), _parameters(new)
    if before is None or now is None:
        return
    if _has_forward_secrecy(before) and not _has_forward_secrecy(now):
        yield f"{new.cipher_suite} has no forward secrecy, {old.cipher_suite} had it"
    if _is_aead(before) and not _is_aead(now):
        yield f"{new.cipher_suite} is no AEAD cipher suite, {old.cipher_suite} was one"
    elif now.cipher.key_length < before.cipher.key_length and now.cipher.key_length < 16:
        yield f"{new.cipher_suite} has a shorter key than {old.cipher_suite}"


def _version(negotiated: NegotiatedRecord) -> int | None:
    """The code point of a version; None where the run file has a word that is not known here."""
    try:
        return parse_version(negotiated.version)
    except ValueError:
        return None


def _parameters(negotiated: NegotiatedRecord) -> SuiteParameters | None:
    try:
        return suite_parameters(parse_cipher_suite(negotiated.cipher_suite))
    except (UnsupportedParameter, ValueError):
        return None


def _has_forward_secrecy(parameters: SuiteParameters) -> bool:
    return parameters.key_exchange not in _WITHOUT_FORWARD_SECRECY


def _is_aead(parameters: SuiteParameters) -> bool:
    return parameters.cipher.kind is CipherKind.AEAD


def _is_granted(cell: CellRecord) -> bool:
    return cell.http_status is not None and cell.http_status < REFUSING_STATUS
