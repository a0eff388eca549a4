"""What faults of a server are called where stacks are told apart by what they do about them (`[accepts]`).

A fault has several names, the most particular first: `server-hello-with-cookie`, then `cookie-unasked`, then
`server-hello-extension-unasked`, then `extension-unasked`. Names are written out here, or made of the name of
a message or an extension and what is wrong with it. Any of them may have `tls13-` before it and
`-after-handshake` behind it, where it is met then.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from handshake.errors import CUT_OFF, TRAILING_BYTE, Fault
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, alert_name, unknown_name

TLS13 = "tls13-"
AFTER_HANDSHAKE = "-after-handshake"

WORDS: Mapping[str, str] = {
    # Records and alerts.
    "record-version": "a record has a version whose major version is not 3",
    "record-content-too-long": "a record holds more than 16384 bytes",
    "record-over-16640-bytes": "a record is longer than TLS 1.3 lets it be",
    "record-over-18432-bytes": "a record is longer than TLS 1.2 lets it be",
    "record-in-clear": "a record comes in the clear though the keys are in use",
    "server-hello-in-clear": "a ServerHello comes in the clear though the keys are in use",
    "unknown-record": "a record has a content type that is none here",
    "handshake-record-empty": "a handshake record is empty",
    "message-in-fragments": "a handshake message comes in more than one record, as it may",
    "application-data-record-empty": "a record of application data is empty",
    "application-data-record-empty-in-cbc": "a record of application data is empty in a CBC suite",
    "application-data-in-handshake": "application data comes before the handshake is complete",
    "change-cipher-spec-within-a-message": "ChangeCipherSpec comes within a handshake message",
    "application-data-within-a-message": "application data comes within a handshake message",
    "change-cipher-spec-body": "ChangeCipherSpec is not the single byte 1",
    "change-cipher-spec-twice": "ChangeCipherSpec comes twice in TLS 1.3",
    "change-cipher-spec-out-of-turn": "ChangeCipherSpec comes when it is not due",
    "message-across-the-change-of-keys": "a handshake message goes on behind a change of keys",
    "bytes-behind-the-finished": "handshake bytes follow the Finished of TLS 1.3 in its record",
    "bytes-behind-a-flight": "handshake bytes follow the last message of a flight in its record",
    "alert-level": "an alert has a level that does not exist",
    "alert-too-short": "an alert has less than two bytes",
    "alert-too-long": "an alert has more than two bytes",
    "close-notify-in-handshake": "the server sends close_notify before the handshake is complete",
    "warning-before-finished": "a warning comes between ChangeCipherSpec and Finished",
    "warning-within-a-message": "a warning comes within a handshake message",
    "warning-that-ends": "an alert of level warning ends the connection",
    "fatal-that-ends": "a fatal alert ends the connection",
    # ServerHello and HelloRetryRequest.
    "version-not-offered": "the server chooses a version that was not offered",
    "version-not-in-supported-versions": "the server chooses a version that supported_versions does not list",
    "version-sslv2": "the server chooses SSLv2",
    "version-higher-than-offered": "the server chooses a version above those offered",
    "version-0304-without-extension": "the server chooses TLS 1.3 without supported_versions",
    "selected-version-tls12": "supported_versions selects a version below TLS 1.3",
    "selected-version-not-offered": "supported_versions selects what was not offered",
    "legacy-version-0300": "legacy_version is SSLv3",
    "legacy-version-0304": "legacy_version is neither TLS 1.2 nor SSLv3",
    "session-id-33-bytes": "the session id has more than 32 bytes",
    "session-id-echo-wrong": "legacy_session_id_echo is not the hello's",
    "session-id-echoed-without-resuming": "the server repeats a session id that stands for no session",
    "cipher-suite-not-offered": "the server chooses a cipher suite that was not offered",
    "cipher-suite-not-offered-in-tls13": "the server chooses a cipher suite that was not offered, in TLS 1.3",
    "cipher-suite-of-another-version": "the server chooses a cipher suite of another version",
    "cipher-suite-of-another-version-in-tls10": "the same in TLS 1.0",
    "cipher-suite-of-another-version-in-tls11": "the same in TLS 1.1",
    "cipher-suite-of-another-version-in-tls12": "the same in TLS 1.2",
    "cipher-suite-of-another-version-in-tls13": "the same in TLS 1.3",
    "compression-not-offered": "the server chooses a compression method that was not offered",
    "compression-in-tls13": "the server chooses a compression method in TLS 1.3",
    "key-share-missing": "a ServerHello of TLS 1.3 has no key_share",
    "key-share-empty-key": "key_share has no key",
    "key-share-of-a-group-not-offered": "key_share is of a group without a share of the client's",
    "key-share-of-a-group-grease": "key_share is of a GREASE group",
    "pre-shared-key-not-offered": "the server selects a pre-shared key that was not offered",
    "pre-shared-key-with-another-hash": "the server selects a pre-shared key of another hash",
    "retry-twice": "a second HelloRetryRequest comes",
    "retry-that-changes-nothing": "a HelloRetryRequest would change nothing",
    "retry-for-a-share-that-came": "a HelloRetryRequest asks for a share that the hello has",
    "retry-for-a-group-not-offered": "a HelloRetryRequest asks for a group that was not offered",
    "retry-for-a-group-grease": "a HelloRetryRequest asks for a GREASE group",
    "retry-with-cookie-alone": "a HelloRetryRequest has a cookie and asks for no share",
    "retry-with-wrong-echo": "a HelloRetryRequest does not repeat the session id",
    "retry-with-cipher-suite-not-offered": "a HelloRetryRequest names a cipher suite that was not offered",
    "retry-with-compression": "a HelloRetryRequest names a compression method",
    "retry-without-supported-versions": "a HelloRetryRequest has no supported_versions",
    "retry-with-another-version": "a HelloRetryRequest selects another version than TLS 1.3",
    "retry-not-of-tls13": "a HelloRetryRequest does not select TLS 1.3",
    "retry-then-another-version": "the ServerHello has another version than the HelloRetryRequest",
    "retry-then-another-cipher-suite": "the ServerHello has another cipher suite than the HelloRetryRequest",
    "resumed-with-another-version": "a session is resumed in another version",
    "resumed-with-another-cipher-suite": "a session is resumed with another cipher suite",
    "resumed-with-another-extended-master-secret": "extended_master_secret is lost or gained in a resumption",
    # Extensions; the rest is made of their names.
    "extension-unasked": "an extension is answered that the hello does not have",
    "extension-misplaced": "an extension is in a message where it has no place",
    "extension-twice": "an extension is twice in a message",
    "extension-block-empty": "a ServerHello up to TLS 1.2 ends with an extension block without extensions",
    "extension-body": "an extension cannot be read, or has a value that it may not have",
    "alpn-not-offered": "a protocol is selected that was not offered",
    "alpn-two-protocols": "two protocols are selected",
    "alpn-empty-list": "no protocol is selected, in an answer that should have one",
    "application-settings-without-alpn": "application_settings comes, and no protocol is selected by ALPN",
    "application-settings-of-another-protocol": "application_settings is for a protocol without settings",
    "ec-point-formats-empty": "ec_point_formats is empty",
    "ec-point-formats-without-uncompressed": "ec_point_formats has no uncompressed points",
    "ech-config-public-key-empty": "an ECHConfig has an empty public_key",
    "ech-config-cipher-suites-empty": "an ECHConfig has no cipher suite",
    "ech-config-public-name-empty": "an ECHConfig has an empty public_name",
    "ech-config-public-name-of-no-host": "an ECHConfig has a public_name that is no name of a host",
    "record-size-limit-below-512": "record_size_limit is from 64 to 511, as it may be",
    "record-size-limit-over-16384": "record_size_limit in TLS 1.2 is more than a record of it may hold",
    "renegotiation-info-not-empty": "renegotiation_info of a first handshake is not empty",
    "renegotiation-info-wrong": "renegotiation_info of a renegotiation is not right",
    "renegotiation-info-gained": "renegotiation_info comes in a renegotiation, and not in the first hello",
    "renegotiation-info-lost": "renegotiation_info of a renegotiation is missing",
    "renegotiation-info-changed": "renegotiation_info of a renegotiation has other bytes",
    "renegotiation-info-of-another-length": "renegotiation_info of a renegotiation has another length",
    # Certificates, key exchange, signatures.
    "certificate-list-empty": "the certificate list is empty",
    "certificate-list-empty-in-tls13": "the certificate list is empty, in TLS 1.3",
    "compressed-certificate-unasked": "a CompressedCertificate comes that was not offered",
    "certificate-compression-not-offered": "the certificate is compressed by what was not offered",
    "compressed-certificate-too-long": "a compressed certificate says that it has more than 262144 bytes",
    "compressed-certificate-unreadable": "a compressed certificate cannot be decompressed",
    "compressed-certificate-of-another-length": "a compressed certificate is not as long as it says",
    "delegated-credential-expired": "the delegated credential has expired",
    "delegated-credential-valid-for-too-long": "it is valid for more than seven days from now on",
    "delegated-credential-without-usage": "the certificate has no DelegationUsage, or no digitalSignature",
    "delegated-credential-signature": "the signature of the delegated credential does not fit",
    "delegated-credential-signed-with-what-was-not-offered": "the scheme of its signature was not offered",
    "delegated-credential-scheme-not-offered": "it is for a scheme that delegated_credential does not list",
    "delegated-credential-of-another-scheme": "the server signs with another scheme than it is for",
    "certificate-list-too-long": "the chain has more certificates than [limits] max_certificates",
    "certificate-entry-empty": "a certificate of the list is empty",
    "certificate-with-request-context": "the server's Certificate has a certificate_request_context",
    "certificate-of-another-kind": "the certificate's key does not fit the cipher suite",
    "certificate-for-pss-alone": "the certificate's key is for RSASSA-PSS where that is of no use",
    "certificate-curve-not-offered": "the certificate's curve was not offered",
    "certificate-status-unasked": "CertificateStatus comes without having been announced",
    "server-key-exchange-twice": "ServerKeyExchange comes twice",
    "curve-type": "the curve of ServerKeyExchange is no named one",
    "named-group-not-offered": "the group of ServerKeyExchange was not offered",
    "named-group-grease": "the group of ServerKeyExchange is a GREASE value",
    "ecdhe-point-unusable": "the point of ServerKeyExchange is no public key of its group",
    "dh-parameters-out-of-range": "the Diffie-Hellman parameters are out of range",
    "signature-scheme-not-offered": "the server signs with a scheme that was not offered",
    "signature-scheme-of-another-key": "the server signs with a scheme that its key has no use for",
    # CertificateRequest.
    "certificate-request-twice": "CertificateRequest comes twice",
    "certificate-request-after-handshake": "CertificateRequest comes after the handshake, unoffered",
    "certificate-request-without-types": "CertificateRequest lists no type",
    "certificate-request-with-unknown-types": "CertificateRequest lists unknown types alone",
    "certificate-request-with-some-unknown-types": "CertificateRequest lists an unknown type",
    "certificate-request-without-schemes": "CertificateRequest of TLS 1.2 lists no signature scheme",
    "certificate-request-with-unknown-schemes": "CertificateRequest of TLS 1.2 lists unknown schemes alone",
    "certificate-request-with-empty-authority": "CertificateRequest has an empty name",
    "certificate-request-with-authority-not-der": "CertificateRequest has a name that is no DER",
    "certificate-request-with-context": "CertificateRequest of a handshake has a context",
    "certificate-request-with-key-share": "CertificateRequest has key_share",
    "certificate-request-without-signature-algorithms": "CertificateRequest has no signature_algorithms",
    "certificate-request-with-empty-schemes-in-tls13": "CertificateRequest of TLS 1.3 lists no scheme",
    "certificate-request-with-unknown-schemes-in-tls13": "in TLS 1.3 it lists unknown schemes alone",
    # Order, tickets, what comes later.
    "message-out-of-turn": "a message comes when it is not due",
    "encrypted-extensions-left-out": "EncryptedExtensions does not come",
    "server-hello-done-with-a-body": "ServerHelloDone is not empty",
    "hello-request": "HelloRequest comes",
    "hello-request-again": "HelloRequest comes once more",
    "hello-request-in-handshake": "HelloRequest comes during a handshake",
    "hello-request-before-server-hello": "HelloRequest comes before the ServerHello",
    "hello-request-with-a-body": "HelloRequest is not empty",
    "version-lower-in-renegotiation": "a renegotiation has another version",
    "extended-master-secret-lost-in-renegotiation": "a renegotiation has no extended_master_secret any more",
    "ticket-not-offered": "NewSessionTicket comes, and the hello has no session_ticket",
    "ticket-not-promised": "NewSessionTicket comes without having been announced",
    "ticket-twice": "NewSessionTicket comes twice",
    "ticket-promised-and-not-sent": "NewSessionTicket was announced and does not come",
    "tls13-ticket-empty": "the ticket of TLS 1.3 is empty",
    "tls13-ticket-lifetime-0": "the ticket's lifetime is 0",
    "tls13-ticket-lifetime-over-a-week": "the ticket's lifetime is more than seven days",
    "tls13-ticket-nonce-255": "the ticket's nonce is as long as can be, 255 bytes",
    "tls13-ticket-with-key-share": "NewSessionTicket has key_share",
    "tls13-ticket-with-short-early-data": "early_data of a NewSessionTicket has not four bytes",
    "key-update-value-2": "KeyUpdate has a value that does not exist",
    "decode": "a message cannot be read",
    TRAILING_BYTE: "bytes are left over behind a message or an extension",
    CUT_OFF: "a message or an extension breaks off",
}

PATTERNS: Mapping[str, str] = {
    "MESSAGE-out-of-turn": "the message comes when it is not due: server-key-exchange-out-of-turn",
    "MESSAGE-FAULT": "whatever else is wrong with the message: certificate-bad-certificate",
    "PART-decode": "a message, an extension or another part cannot be read: key-share-decode",
    "PART-trailing-byte": "bytes are left over behind it: ticket-trailing-byte",
    "PART-cut-off": "it breaks off: server-hello-cut-off",
    "MESSAGE-extension-unasked": "the message answers an extension that the hello does not have",
    "MESSAGE-extension-misplaced": "the message has an extension that has no place there",
    "MESSAGE-extension-twice": "the message has an extension twice",
    "MESSAGE-with-EXTENSION": "the message has it unasked or misplaced: tls13-server-hello-with-cookie",
    "MESSAGE-with-EXTENSION-twice": "the message has that extension twice",
    "MESSAGE-with-EXTENSION-body": "that extension cannot be read there, or has no such value",
    "EXTENSION-unasked": "the extension is answered in any message, and the hello does not have it",
    "EXTENSION-unasked-and-unreadable": "the same, and it cannot be read",
    "EXTENSION-body": "the extension cannot be read, or has a value that it may not have",
    "warning-ALERT": "the server warns of it: warning-unrecognized-name, warning-unknown",
    "warning-ALERT-of-level-fatal": "the server sends it with the level fatal, and it ends nothing",
    "warning-ALERT-that-ends": "it has the level warning and ends the connection, as in TLS 1.3",
    "fatal-ALERT-that-ends": "it ends the connection",
    "tls13-NAME": "any of these, in TLS 1.3",
    "NAME-after-handshake": "any of these, once the handshake is complete",
}
"""The names that are made, as a person reads them; an example behind the colon."""

EXTENSIBLE = (
    "server-hello",
    "tls13-server-hello",
    "retry",
    "encrypted-extensions",
    "certificate-entry",
    "certificate-request",
    "tls13-ticket",
)
"""Messages that have extensions, as names of faults begin."""
OTHERS = (
    "retry-key-share",
    "supported-versions",
    "key-share",
    "ticket",
    "tls13-ticket",
    "renegotiation-info",
)
"""Other parts that are read by themselves."""


def check_fault_name(name: str) -> None:
    """Raise ValueError, which names those that are near, for a name that no fault has."""
    plain = name.removesuffix(AFTER_HANDSHAKE)
    known = fault_names()
    if not {name, plain, name.removeprefix(TLS13), plain.removeprefix(TLS13)} & known.keys():
        raise ValueError(str(unknown_name("fault", name, list(known))).replace("write it as 0x....", _LIST))


_LIST = "tls-matrix list faults shows them all"


@cache
def fault_names() -> Mapping[str, str]:
    """Every name that a fault can have, with words: what the server does."""
    return {**WORDS, **{name: words for name, words in _made() if name not in WORDS}}


def listed_faults() -> Mapping[str, str]:
    """What a person looks through: the names that are written out, then how the others are made."""
    return {**WORDS, **PATTERNS}


def _made() -> Iterator[tuple[str, str]]:
    extensions = [member.name.lower() for member in ExtensionType]
    kinds = {name.replace("_", "-"): name for name in extensions} | {
        "unknown": "an extension without registration",
        "grease": "a GREASE extension",
    }
    messages = [*(member.name.lower() for member in HandshakeType), "unknown_message"]
    for message in messages:
        kebab = message.replace("_", "-")
        yield f"{kebab}-out-of-turn", f"{message} comes when it is not due"
        for fault in Fault:
            yield f"{kebab}-{fault.value}", f"{message}: {fault.words}"
    for part in dict.fromkeys((*(m.replace("_", "-") for m in messages), *EXTENSIBLE, *OTHERS)):
        yield from _unreadable(part)
    for message in EXTENSIBLE:
        for what in ("unasked", "misplaced", "twice"):
            yield f"{message}-extension-{what}", f"{WORDS[f'extension-{what}']}: in {message}"
        for kebab, name in kinds.items():
            yield (
                f"{message}-with-{kebab}",
                f"{message} has {name}, which was not asked for or has no place there",
            )
            yield f"{message}-with-{kebab}-twice", f"{message} has {name} twice"
            yield f"{message}-with-{kebab}-body", f"{name} in {message} cannot be read, or has no such value"
    for kebab, name in kinds.items():
        yield f"{kebab}-unasked", f"{name} is answered, and the hello does not have it"
        yield f"{kebab}-unasked-and-unreadable", f"{name} is answered unasked, and cannot be read"
        yield f"{kebab}-body", f"{name} cannot be read, or has a value that it may not have"
        yield from _unreadable(kebab)
    for limit in (0, 63, 65535):
        yield f"record-size-limit-{limit}", f"record_size_limit is {limit}"
    for alert in (*(alert_name(each) for each in AlertDescription), "unknown"):
        kebab = alert.replace("_", "-")
        yield f"warning-{kebab}", f"the server warns of {alert}"
        yield f"warning-{kebab}-of-level-fatal", f"the server sends {alert} with the level fatal"
        yield f"warning-{kebab}-that-ends", f"{alert} of level warning ends the connection"
        yield f"fatal-{kebab}-that-ends", f"{alert} ends the connection"


def _unreadable(part: str) -> Iterator[tuple[str, str]]:
    yield f"{part}-{TRAILING_BYTE}", f"bytes are left over behind {part}"
    yield f"{part}-{CUT_OFF}", f"{part} breaks off"
    yield f"{part}-decode", f"{part} cannot be read"
