"""Reasons and outcomes in words a tired person understands, and text of peers made safe to print.

Pure. A reason is `<phase>:<cause>`; the sentence says who did what and when, and the reason stays beside it
for grep.
"""

from definitions.fault import printable as printable  # the one that every line about a file goes through

_WHEN = {
    "connect": "when the connection was made",
    "client-hello": "while the client's hello was sent",
    "server-hello": "in answer to the client's hello",
    "certificate": "when its certificate was due",
    "key-exchange": "during the key exchange",
    "finished": "when the handshake should have ended",
    "application-data": "after the handshake, in answer to the request",
    "renegotiation": "during the renegotiation",
    "resumption": "when the session should have been resumed",
    "close": "at the close",
}
_CAUSES = {
    "fin": "the server closes the connection without an alert (FIN)",
    "reset": "the server resets the connection (RST)",
    "timeout": "the server stays silent until the deadline",
    "refused": "nobody accepts the connection",
    "unreachable": "the address cannot be reached",
    "unresolved": "the name has no address",
}
_PREFIXES = {
    "alert-": "the server sends the alert {}",
    "unsupported-": "the server chooses {}, which this program cannot complete",
}
_PROTOCOL_ERROR = "protocol-error-"
_PROTOCOL_ERRORS = {
    "decode": "the server sends something that cannot be read as TLS says",
    "illegal-parameter": "the server answers with a value it may not choose",
    "unexpected-message": "the server sends a message out of turn",
    "bad-record-mac": "the server sends a record that does not decrypt",
    "record-overflow": "the server sends a record that is too long",
    "record-version": "the server sends a record of no known version",
    "not-tls": "what answers does not speak TLS",
    "protocol-version": "the server chooses a version that was not offered",
    "cipher-suite-not-offered": "the server chooses a cipher suite that was not offered",
    "unsupported-extension": "the server answers an extension that was not offered",
    "missing-extension": "the server leaves out an extension it must send",
    "renegotiation-info": "the server's renegotiation_info is wrong",
    "renegotiation-signal": "the server signals RFC 5746 where it has no place",
    "missing-certificate": "the server shows no certificate",
    "untrusted-certificate": "the server's certificate is not trusted",
    "decrypt": "the server's signature does not fit",
    "bad-finished": "the server's Finished does not fit the handshake",
    "bad-certificate": "the server's certificate cannot be used",
    "excess-data": "the server sends more than any handshake needs",
    "no-answer": "the server sends no answer",
    "starttls-refused": "the server refuses to begin TLS",
    "starttls-not-offered": "the server does not offer TLS",
    "starttls-unreadable": "what answers speaks another protocol",
}
_POLICY = "policy-"
_POLICIES = {
    "rsa-key-bits": "the server's RSA key is too small for it",
    "dh-prime-bits": "the size of the server's Diffie-Hellman prime does not suit it",
    "protocol_version": "the server chose a version it does not accept",
    "renegotiation_info": "it requires secure renegotiation, RFC 5746, and the server does not have it",
    "compression": "the server chose a compression method it does not have",
    "legacy-renegotiation": "it renegotiates with RFC 5746 only, and the server does not have it",
    "renegotiation-off": "it never renegotiates",
    "hello-request": "it does not renegotiate when the server asks",
    "no_renegotiation": "it minds that its renegotiation is refused",
}
_NOTHING_TO_TRY = {
    "policy-tls-1.3": "there is no renegotiation in TLS 1.3",
    "renegotiation:policy-not-requested": "the server answers without asking for a renegotiation",
    "certificate:policy-not-requested": "the server does not ask for a certificate",
    "policy-no-session": "the server gives no session that could be resumed in this way",
    "policy-full-handshake": "the server makes a full handshake instead of resuming the session",
}


def sentence(reason: str) -> str:
    """Say a reason in words, without a full stop."""
    phase, _, cause = reason.partition(":")
    for key in (reason, cause):
        if key in _NOTHING_TO_TRY:
            return _NOTHING_TO_TRY[key]
    if cause.startswith(_POLICY):
        what = cause.removeprefix(_POLICY)
        return f"the client itself refuses to go on: {_POLICIES.get(what, what)}"
    if cause.startswith(_PROTOCOL_ERROR):
        what = cause.removeprefix(_PROTOCOL_ERROR)
        said = _PROTOCOL_ERRORS.get(what, f"the server breaks the protocol ({what})")
        return f"{said}, {_WHEN.get(phase, f'in phase {phase}')}"
    return f"{_cause(cause)} {_WHEN.get(phase, f'in phase {phase}')}"


def reason_in_words(reason: str, note: str = "") -> str:
    """Say a reason as a sentence with the reason itself behind it, and then the note on it."""
    return "; ".join(part for part in (f"{sentence(reason)} ({reason})", note) if part)


def said_note(said: str) -> str:
    """Say what the server said; nothing where it said nothing."""
    return f'the server said "{said}"' if said else ""


def _cause(cause: str) -> str:
    for prefix, words in _PREFIXES.items():
        if cause.startswith(prefix):
            return words.format(cause.removeprefix(prefix))
    return _CAUSES.get(cause, cause)


def joined(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"


def counted(number: int, noun: str) -> str:
    """Say how many: 1 cell, 2 cells."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
