"""Whether two reactions agree, and the differences that are known, each with why it is one."""

from collections.abc import Mapping

from clients.reaction import UNKNOWN_ALERT, Reaction


def agrees(genuine: Reaction, own: Reaction) -> bool:
    """Whether a profile does what its program does. An alert that nobody could read agrees with any."""
    if genuine == own:
        return True
    is_unread = genuine.does == UNKNOWN_ALERT and own.does.startswith("alert:")
    return is_unread and (genuine.after, genuine.hellos) == (own.after, own.hellos)


_LIMITS_FIRST = "the profile judges the version before the rest; the program ends the connection all the same"
_JSSE = {"version-lower-in-renegotiation": _LIMITS_FIRST}
_NSS = {
    "session-ticket-answer-not-empty": "NSS takes the answer and refuses the ticket behind it",
}
_RETRIES = "Firefox 9 tries again with SSLv3 after an error that the profile does not tell from others"

KNOWN: Mapping[str, Mapping[str, str]] = {
    "openssl-3.0": {
        "retry-without-supported-versions": "3.0 answers it and gives up later; the profile gives up at once",
    },
    "gnutls-3.7": {
        "cipher-suite-of-tls12-in-tls11": "GnuTLS goes on; the engine has no such suite there",
        "retry-with-cipher-suite-not-offered": "GnuTLS answers it and refuses the ServerHello",
        "session-ticket-answer-not-empty": "GnuTLS takes the answer and refuses the ticket behind it",
    },
    "firefox-100": _NSS,
    "firefox-153": _NSS,
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
    "java-11": {
        **_JSSE,
        "server-hello-extension-block-too-long": "JSSE 11 has two alerts for what breaks off",
    },
    "java-17": _JSSE,
    "java-17.0.9": _JSSE,
    "java-21": _JSSE,
    "java-25": {**_JSSE, "cipher-suite-sha256-in-tls11": _LIMITS_FIRST},
    "deno": {
        "close-with-internal-error": "Deno fails what it has read whole; a profile stops at the whole answer",
    },
}
"""By profile and departure."""
