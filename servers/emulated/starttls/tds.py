"""TDS, SQL Server's protocol: the TLS handshake inside PRELOGIN packets (MS-TDS sections 2.2.6.5, 3.3), and
in TLS the answer to a login.

With the setting `login` the login is acknowledged ("ok") or refused with error 18456 ("refused"), whoever it
is; `product_version` and `tds_version` are what the server says it is. After a login any request is answered
with an error, but for SET and transactions, with which drivers begin.
"""

import struct

from handshake.clear_text import Framing
from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.emulated.starttls.protocol import Protocol
from servers.emulated.starttls.tds_messages import (
    DONE_ERROR,
    DONE_FINAL,
    HEADER,
    LOGIN7,
    LOGIN_FAILED,
    PRELOGIN,
    SQL_BATCH,
    TABULAR_RESULT,
    TRANSACTION_MANAGER,
    VERSIONS,
    done,
    error,
    login_ack,
    message,
    packets,
    read_login,
)

VERSION, ENCRYPTION, TERMINATOR = 0x00, 0x01, 0xFF
ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = range(4)
PRODUCT, SERVER_NAME = "Microsoft SQL Server", "EMULATED"
NOT_EMULATED = 50_000
"""The number of errors that are no product's own (documentation of RAISERROR)."""
SETTINGS = {"product_version": "10.0.1600", "tds_version": "7.3", "login": "refused"}


def _product_version(dialogue: Dialogue) -> tuple[int, int, int]:
    major, minor, build = (int(part) for part in dialogue.settings["product_version"].split("."))
    return major, minor, build


def _prelude(dialogue: Dialogue) -> Words:
    header = yield from dialogue.exactly(HEADER.size)
    size = int.from_bytes(header[2:4])
    if header[0] != PRELOGIN or not header[1] & 1 or size < HEADER.size:
        raise Broken("the first packet is not a whole PRELOGIN")
    asked = _encryption((yield from dialogue.exactly(size - HEADER.size)))
    granted = ENCRYPT_ON if asked == ENCRYPT_ON else ENCRYPT_REQUIRED
    options = struct.pack("!BHHBHHB", VERSION, 11, 6, ENCRYPTION, 17, 1, TERMINATOR)
    version = struct.pack("!BBHH", *_product_version(dialogue), 0)
    dialogue.say(packets(TABULAR_RESULT, options + version + bytes([granted])))
    if asked == ENCRYPT_NOT_SUPPORTED:
        raise Broken("the client has no encryption")


def _encryption(options: bytes) -> int:
    for start in range(0, len(options) - 4, 5):
        option, offset, size = struct.unpack_from("!BHH", options, start)
        value: bytes = options[offset : offset + 1]
        if option == ENCRYPTION and size == len(value) == 1:
            return value[0]
        if option == TERMINATOR:
            break
    return ENCRYPT_NOT_SUPPORTED


def _service(dialogue: Dialogue) -> Words:
    """Read a login and answer it; the refused client is sent away, as SQL Server does."""
    kind, data = yield from message(dialogue)
    if kind != LOGIN7:
        raise Broken("what came first in TLS is no LOGIN7")
    login = read_login(data)
    version = min(login.version, VERSIONS[dialogue.settings["tds_version"]])
    if dialogue.settings["login"] != "ok":
        text = f"Login failed for user '{login.user}'."
        _say(dialogue, error(LOGIN_FAILED, text, SERVER_NAME, version) + done(DONE_ERROR, version))
        return
    accepted = login_ack(version, PRODUCT, _product_version(dialogue))
    _say(dialogue, accepted + done(DONE_FINAL, version))
    while True:
        kind, data = yield from message(dialogue)
        if kind == TRANSACTION_MANAGER or (kind == SQL_BATCH and _is_setting(data)):
            _say(dialogue, done(DONE_FINAL, version))
        else:
            text = "This server is emulated: it answers logins, and knows no data."
            _say(dialogue, error(NOT_EMULATED, text, SERVER_NAME, version) + done(DONE_ERROR, version))


def _is_setting(batch: bytes) -> bool:
    return "SET " in batch.decode("utf-16-le", "replace").upper()


def _say(dialogue: Dialogue, tokens: bytes) -> None:
    dialogue.say(packets(TABULAR_RESULT, tokens))


class PreloginFraming(Framing):
    """The handshake in PRELOGIN packets, until it is complete or a client sends a record outside of one."""

    def __init__(self) -> None:
        self._is_over = False
        self._is_raw = False
        self._pending = b""

    def wrap(self, data: bytes) -> bytes:
        """Return packets until the handshake is complete; none for nothing."""
        return data if self._is_over or not data else packets(PRELOGIN, data)

    def unwrap(self, data: bytes) -> bytes:
        """Return what is in whole packets, and what comes after them as it is."""
        if self._is_raw:
            return data
        self._pending += data
        found = b""
        while self._pending.startswith(bytes([PRELOGIN])):
            size = max(int.from_bytes(self._pending[2:4]), HEADER.size)
            if len(self._pending) < size:
                return found
            found += self._pending[HEADER.size : size]
            self._pending = self._pending[size:]
        self._is_raw = bool(self._pending)
        found, self._pending = found + self._pending, b""
        return found

    def end(self) -> None:
        """Both sides are on the connection itself from now on: the client's Finished has been read."""
        self._is_over = self._is_raw = True


PROTOCOL = Protocol("tds", _prelude, None, PreloginFraming, _service, SETTINGS)
