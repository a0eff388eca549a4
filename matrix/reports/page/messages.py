"""One entry of a transcript in words: what a message or a record says that a person wants to know. Pure.

Nothing in it is made anew by every connection, so that the stories of cells that went alike are equal: of
random bytes, keys and tickets there is the length alone.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from clients import prelude
from handshake.errors import DecodeError, PeerFault
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import pull_client_hello, pull_sslv2_client_hello
from handshake.wire.extension_text import describe_extension
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE
from handshake.wire.hello_versions import highest_version, selected_version, version_text
from handshake.wire.messages import (
    pull_alert,
    pull_certificate,
    pull_certificate_13,
    pull_encrypted_extensions,
    pull_server_hello,
)
from handshake.wire.registry import alert_in_words, alert_name, extension_name, version_name
from matrix.reports.facts import certificate_text
from matrix.results.certificate_facts import read_certificate
from matrix.results.evidence import Entry
from matrix.wording import counted

_HEX_SHOWN = 24
_LEVELS = {1: "warning", 2: "fatal"}
_SAY_NOTHING = frozenset({"handshake", "change_cipher_spec"})


def says(entry: Entry) -> str:
    """Say what an entry says; nothing where its name says it all. The text is the peer's in part."""
    if entry.kind == prelude.KIND:
        return ""
    read = _READERS.get((entry.kind, entry.name))
    if read is not None:
        try:
            return read(entry.decrypted)
        except (DecodeError, PeerFault):
            return f"cannot be read: {_hex(entry.decrypted)}"
    if entry.kind == "record" and entry.name not in _SAY_NOTHING:
        return _hex(entry.decrypted)
    return ""


def _hex(content: bytes) -> str:
    return content[:_HEX_SHOWN].hex(" ") + (" ..." if len(content) > _HEX_SHOWN else "")


def _alert(content: bytes) -> str:
    alert = pull_alert(content)
    name = alert_name(alert.description)
    named = alert_in_words(name)
    number = f" ({alert.description})" if named == name else ""
    return f"{_LEVELS.get(alert.level, alert.level)} {named}{number}"


def _application_data(content: bytes) -> str:
    """The first line where it is text."""
    line = content.partition(b"\r\n")[0].partition(b"\n")[0]
    text = line.decode("latin-1")
    return text if text.isprintable() else _hex(content)


def _client_hello(message: bytes) -> str:
    try:
        hello = pull_client_hello(message[MESSAGE_HEADER_SIZE:])
    except DecodeError:
        old = pull_sslv2_client_hello(message)
        return f"SSLv2 format, {version_name(old.version)}, {counted(len(old.cipher_specs), 'cipher spec')}"
    suites = counted(len(hello.cipher_suites), "cipher suite")
    block = "no extension block"
    if hello.extensions is not None:
        block = counted(len(hello.extensions), "extension")
    return f"{version_text(highest_version(hello), hello.legacy_version)}, {suites}, {block}"


def _server_hello(message: bytes) -> str:
    hello = pull_server_hello(message[MESSAGE_HEADER_SIZE:])
    parts = [
        version_text(selected_version(hello), hello.legacy_version),
        cipher_suite_name(hello.cipher_suite),
    ]
    if hello.is_hello_retry_request:
        parts.insert(0, "HelloRetryRequest")
    parts += (
        f"{extension_name(each.extension_type)}: {_body(each.extension_type, each.body)}"
        for each in hello.extensions or ()
    )
    return ", ".join(parts)


def _encrypted_extensions(message: bytes) -> str:
    extensions = pull_encrypted_extensions(message[MESSAGE_HEADER_SIZE:]).extensions
    return ", ".join(
        f"{extension_name(each.extension_type)}: {_body(each.extension_type, each.body)}"
        for each in extensions
    )


def _body(extension_type: int, body: bytes) -> str:
    described = describe_extension(extension_type, body)
    return counted(len(body), "byte") if described == body.hex() else described


def _certificate(message: bytes) -> str:
    chain = _chain(message[MESSAGE_HEADER_SIZE:])
    if not chain:
        return "no certificate"
    leaf = _certificate_in_words(chain[0])
    return leaf if len(chain) == 1 else f"{counted(len(chain), 'certificate')}, the first: {leaf}"


def _chain(body: bytes) -> tuple[bytes, ...]:
    """The certificates in either form; that of TLS 1.3 is no other's, since its lengths would not fit."""
    try:
        return pull_certificate(body).chain
    except DecodeError:
        return tuple(der for der, _ in pull_certificate_13(body).entries)


@lru_cache(maxsize=256)
def _certificate_in_words(der: bytes) -> str:
    record = read_certificate(der)
    return f"{counted(len(der), 'byte')} that cannot be read" if record is None else certificate_text(record)


_WRAPPERS = frozenset({("record", "handshake"), ("sslv2-record", "ClientHello")})
_READERS: Mapping[tuple[str, str], Callable[[bytes], str]] = {
    ("record", "alert"): _alert,
    ("record", "application_data"): _application_data,
    ("message", "ClientHello"): _client_hello,
    ("message", "ServerHello"): _server_hello,
    ("message", "HelloRetryRequest"): _server_hello,
    ("message", "EncryptedExtensions"): _encrypted_extensions,
    ("message", "Certificate"): _certificate,
}


def without_wrappers(entries: list[Entry]) -> Iterator[tuple[int, Entry]]:
    """Leave out the records whose messages are told, each with its place; a record of the handshake with no
    message in it stays, since then it says how far the peer came.
    """
    messages = {(entry.direction, entry.time) for entry in entries if entry.kind == "message"}
    for place, entry in enumerate(entries):
        is_wrapper = (entry.kind, entry.name) in _WRAPPERS
        if not is_wrapper or (entry.direction, entry.time) not in messages:
            yield place, entry
