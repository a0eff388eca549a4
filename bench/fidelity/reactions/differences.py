"""Whether two reactions agree, and the differences that are known, each with why it is one."""

from collections.abc import Mapping

from msgspec.structs import replace

from clients.reaction import UNKNOWN_ALERT, Reaction


def agrees(genuine: Reaction, own: Reaction) -> bool:
    """Whether a profile does what its program does. An alert that nobody could read agrees with any, and so
    does an end that is none of the program's own.
    """
    if not genuine.closes_with:
        own = replace(own, closes_with="")
    if genuine == own:
        return True
    is_unread = genuine.does == UNKNOWN_ALERT and own.does.startswith("alert:")
    return is_unread and (genuine.after, genuine.hellos) == (own.after, own.hellos)


_LIMITS_FIRST = "the profile judges the version before the rest; the program ends the connection all the same"
_UNHASHED = (
    "SunJSSE leaves the body unread and unhashed, so its Finished is refused; the profile ends before it"
)
_OLD_JSSE = {"server-hello-done-with-a-body": _UNHASHED}
_JSSE_6 = {
    "ec-point-formats-without-uncompressed": "SunJSSE 6 reads it unasked; the profile passes over it",
}
_WITHIN_A_HEADER = (
    "SunJSSE before 6u19 ends where a message's header is in two records; the engine puts it together"
)
_JSSE = {"version-lower-in-renegotiation": _LIMITS_FIRST}
_NSS = {
    "session-ticket-answer-not-empty": "NSS takes the answer and refuses the ticket behind it",
}
_RETRIES = "Firefox 9 tries again with SSLv3 after an error that the profile does not tell from others"
_FIRST_RECORD = "1.0 takes the version from the first record; the profile takes it from the ServerHello"
_HELLO_FIRST = "1.0 begins a renegotiation at any handshake message, and refuses that one then"
_TYPES = "1.0.0 and 1.0.1 take nine certificate types and misread what follows; the profile takes all"
_OPENSSL_1_0 = {
    "key-update-after-handshake-in-tls12": _HELLO_FIRST,
    "record-version-0300": _FIRST_RECORD,
    "record-version-0304": _FIRST_RECORD,
    "server-hello-done-after-handshake": _HELLO_FIRST,
    "ticket-of-60-kB": "1.0 takes a ticket's message up to 16384 bytes; a profile has no limit for it",
    "unknown-message-after-handshake": _HELLO_FIRST,
}

_ALERTED = "OpenSSL sends no close_notify once it has passed over such an alert; the profile sends one"
_OPENSSL_1_0 |= dict.fromkeys(("alert-of-one-byte", "alert-of-three-bytes"), _ALERTED)
_ASKED = "Chromium connects again once it was asked for a certificate; a profile goes on at once"
_LIMIT_AND_AGAIN = "Chromium connects again; a profile's own limit leads to no further attempt"
_WARNED = "Chromium connects again where the alert is a warning, and not where it is fatal"
_CHROMIUM = {
    **dict.fromkeys(
        (
            "certificate-request-of-16384-bytes",
            "certificate-request-of-16385-bytes",
            "certificate-request-of-32768-bytes",
            "certificate-request-of-32769-bytes",
            "certificate-request-of-65500-bytes",
            "certificate-request-with-2000-schemes",
            "certificate-request-with-255-types",
            "certificate-request-with-authority-not-der",
            "certificate-request-with-empty-authority",
            "certificate-request-with-grease",
            "certificate-request-with-key-share",
            "certificate-request-with-unknown-extension",
            "certificate-request-with-unknown-schemes",
            "certificate-request-with-unknown-schemes-in-tls13",
            "certificate-request-with-unknown-types",
            "certificate-request-without-types",
        ),
        _ASKED,
    ),
    **dict.fromkeys(
        (
            "certificate-of-102401-bytes",
            "certificate-of-131072-bytes",
            "certificate-of-131073-bytes",
            "cipher-suite-of-tls12-in-tls11",
            "cipher-suite-sha256-in-tls11",
            "version-not-in-supported-versions",
        ),
        _LIMIT_AND_AGAIN,
    ),
    "compressed-certificate-trailing-byte": "Chromium passes over a byte behind the Brotli stream",
    "supported-versions-as-a-list": "Chromium connects again at every other message that it cannot read",
    "tls13-warning-unrecognized-name-before-encrypted-extensions": _WARNED,
    "tls13-warning-unrecognized-name-before-finished": _WARNED,
}

_NODE = {
    "tls13-warning-unknown-after-handshake": "node shows the answer that it has before the connection ends"
}
_NEVER_READ = "curl reads no further than the end of the answer; the profile does as OpenSSL when it reads"
_CURL = {
    "certificate-request-after-handshake": "curl then closes without close_notify",
    **dict.fromkeys(
        (
            "cipher-suite-changes-in-renegotiation",
            "encrypt-then-mac-lost-in-renegotiation",
            "hello-request-twice",
            "hello-request-with-a-body",
        ),
        _NEVER_READ,
    ),
}

_OF_THE_STATE = "what Erlang does depends on more than the fault, so its table cannot say it"
_ERLANG = dict.fromkeys(
    (
        "alert-record-empty",
        "alpn-two-protocols",
        "alpn-two-protocols-in-tls13",
        "application-data-record-in-handshake",
        "certificate-in-records-of-1-byte",
        "certificate-request-with-context",
        "cipher-suite-not-offered",
        "cipher-suite-null-with-null",
        "cipher-suite-scsv",
        "compression-in-tls13",
        "hello-request-after-server-hello-done",
        "hello-request-before-change-cipher-spec",
        "key-share-of-a-group-without-share",
        "named-group-not-offered",
        "retry-then-another-group",
        "retry-with-compression",
        "retry-with-wrong-echo",
        "tls13-application-data-record-in-handshake",
        "tls13-application-data-within-a-message",
        "tls13-finished-twice",
        "two-alerts-in-one-record",
        "warning-within-a-message",
    ),
    _OF_THE_STATE,
)
_ENDS_WHEN_ASKED = "python-mbedtls ends at the next read after it; the profile stops at the whole answer"
_MBEDTLS = {
    **dict.fromkeys(
        (
            "hello-request-twice",
            "warning-unknown-after-handshake",
            "warning-unrecognized-name-after-handshake",
            "warning-user-canceled-after-handshake",
        ),
        _ENDS_WHEN_ASKED,
    ),
    "record-version-0304": "mbedTLS takes no record of a version above 0x0303; the profile takes it",
    "warning-no-renegotiation-in-first-handshake": "mbedTLS refuses this warning alone; a profile takes all",
}

KNOWN: Mapping[str, Mapping[str, str]] = {
    "erlang-25": _ERLANG,
    "mbedtls-2.28": _MBEDTLS,
    "curl-7.88.1": _CURL,
    "node-20": _NODE,
    "node-24": _NODE,
    "node-26": _NODE,
    "java-11.0.5": {
        "application-data-record-in-handshake": "JSSE 11.0.5 passes over it; no profile can",
    },
    "chromium-156": _CHROMIUM,
    "firefox-153": {
        "session-ticket-answer-not-empty": "Firefox takes the answer and refuses the ticket behind it",
        "warning-close-notify-in-handshake": "Firefox connects ten times, for which two attempts stand",
    },
    "openssl-1.0.0": {
        **_OPENSSL_1_0,
        "certificate-request-with-255-types": _TYPES,
        "record-of-17409-bytes": "1.0.0 decrypts what is too long; the profile refuses it first",
        "server-hello-in-records-of-1-byte": "1.0.0 misreads a first record of less than six bytes",
        "ticket-empty": "1.0.0 takes an empty ticket for a lack of memory",
    },
    "openssl-1.0.1u": {**_OPENSSL_1_0, "certificate-request-with-255-types": _TYPES},
    "openssl-1.0.2": _OPENSSL_1_0,
    "gnutls-3.7": {
        "cipher-suite-of-tls12-in-tls11": "GnuTLS goes on; the engine has no such suite there",
        "retry-with-cipher-suite-not-offered": "GnuTLS answers it and refuses the ServerHello",
        "session-ticket-answer-not-empty": "GnuTLS takes the answer and refuses the ticket behind it",
    },
    "firefox-100": _NSS,
    "firefox-9": {
        **_NSS,
        "alert-record-empty": _RETRIES,
        "certificate-list-leaf-last": _RETRIES,
        "certificate-of-another-kind": _RETRIES,
        "cipher-suite-scsv": _RETRIES,
        "record-of-17409-bytes": "NSS takes 1024 bytes too many in a record; the profile takes more",
        "renegotiation-info-trailing-byte": _RETRIES,
        "renegotiation-info-without-length": _RETRIES,
        "version-grease": "NSS takes a version above its own, and not every one; the profile takes them all",
    },
    "java-6": _JSSE_6,
    "java-6-tlsv1-aes128": {**_OLD_JSSE, **_JSSE_6},
    "java-6u18": {
        **_JSSE_6,
        "server-hello-in-records-of-1-byte": _WITHIN_A_HEADER,
        "server-hello-in-records-of-2-and-the-rest": _WITHIN_A_HEADER,
        "certificate-in-records-of-1-byte": _WITHIN_A_HEADER,
    },
    "java-6u21": _JSSE_6,
    "java-6u22": _JSSE_6,
    "java-7": _OLD_JSSE,
    "java-7-ga": _OLD_JSSE,
    "java-7u85": _OLD_JSSE,
    "java-8": {
        **_OLD_JSSE,
        "cipher-suite-of-tls12-in-tls11": "SunJSSE 8 goes on with it; the engine has no such suite there",
    },
    "java-11": {
        **_JSSE,
        "server-hello-extension-block-too-long": "JSSE 11 has two alerts for what breaks off",
    },
    "java-17": _JSSE,
    "java-17.0.9": _JSSE,
    "java-21": _JSSE,
    "java-25": {**_JSSE, "cipher-suite-sha256-in-tls11": _LIMITS_FIRST},
    "deno": {
        "ech-retry-configs-empty-list": "rustls reads an empty list, and ECHConfigs with bytes left over",
        "ech-retry-configs-with-config-trailing-byte": "as with the empty list",
        "ech-retry-configs-with-public-name-of-digits": "rustls reads the name before it is asked for",
        "close-with-internal-error": "Deno fails what it has read whole; a profile stops at the whole answer",
    },
}
"""By profile and departure."""
