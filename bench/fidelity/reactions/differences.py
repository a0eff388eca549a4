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

KNOWN: Mapping[str, Mapping[str, str]] = {
    "openssl-3.0": {
        "retry-without-supported-versions": "3.0 answers it and gives up later; the profile gives up at once",
    },
    "gnutls-3.7": {
        "cipher-suite-of-tls12-in-tls11": "GnuTLS goes on; the engine has no such suite there",
        "retry-with-cipher-suite-not-offered": "GnuTLS answers it and refuses the ServerHello",
        "session-ticket-answer-not-empty": "GnuTLS takes the answer and refuses the ticket behind it",
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
        "close-with-internal-error": "Deno fails what it has read whole; a profile stops at the whole answer",
    },
}
"""By profile and departure."""
