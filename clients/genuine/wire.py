"""Reads off the wire what a client that is not ours has done: both directions of a recorded connection. Pure.

Up to TLS 1.2 a handshake is in the clear to its last messages, and an alert before them. What is encrypted is
read where the program tells its secrets (`secrets`). Of the rest the content type, up to TLS 1.2, and the
length say enough: in TLS 1.3 an alert has 19 bytes with any of its suites (RFC 8446 section 5.2: two, the
content type and a tag of 16), or 35 with the 16 bytes of padding that JSSE adds to each record (11.0.5 to
25.0.2; measured), and no other message of a client has as many.

The phase is what the client waits for, as the engine has it (`handshake.client.state`). A client refuses the
message or record that it has got last; where several came at once it is not known which, and `is_unsure` says
so. An alert that is none (not of two bytes, or up to TLS 1.2 of a level that RFC 5246 section 7.2 does not
have) ends nothing: what the client does about it counts.
"""

from collections.abc import Iterable
from contextlib import suppress

from clients.genuine.end import ALERT_13_LENGTHS, CLOSURE, End, is_alert
from clients.genuine.key_exchange import read_group
from clients.genuine.relay import PAUSE_SECONDS, Move
from clients.genuine.secrets import Opener, Secrets
from clients.genuine.server_hello import read_server_hello
from handshake.connection import message_name
from handshake.crypto.key_schedule import Role
from handshake.crypto.suite_parameters import SuiteParameters, suite_parameters
from handshake.errors import DecodeError, PeerFault, UnsupportedParameter
from handshake.events import Negotiated, Phase, TranscriptEntry
from handshake.reason import Kind
from handshake.record_layer import record_name
from handshake.transcript import Transcript
from handshake.wire.client_hello import ClientHello, pull_client_hello, pull_sslv2_client_hello
from handshake.wire.extensions import pull_key_share, pull_selected_version
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.messages import ServerHello, pull_certificate, pull_certificate_13
from handshake.wire.record import (
    FirstRecord,
    Record,
    RecordReader,
    RecordRules,
    SSLv2Record,
    UnknownType,
    push_record,
    push_sslv2_record,
)
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, ExtensionType, ProtocolVersion

_GOODBYES = tuple(bytes((description,)) for description in CLOSURE)
ANY_RECORD = RecordRules(any_version=True, unknown_type=UnknownType.READ)
"""What a server sends is read whatever it is; what the client makes of it is what counts. Not so a record
that is too long: GnuTLS 3.7.9 ends without an alert at one (measured), so it must not count as an answer.
"""

# The message of a server -> what a client waits for behind it, up to TLS 1.2 and in TLS 1.3.
_AFTER_12 = {
    "Certificate": Phase.KEY_EXCHANGE,
    "CertificateStatus": Phase.KEY_EXCHANGE,
    "ServerKeyExchange": Phase.KEY_EXCHANGE,
    "CertificateRequest": Phase.KEY_EXCHANGE,
    "ServerHelloDone": Phase.FINISHED,
}
_AFTER_13 = {"CertificateVerify": Phase.FINISHED}


class Reading:
    """What the moves of one connection say. `end` is None where neither side has ended it; `warnings` are the
    client's, by description. `waited` are the seconds between the last that was said, goodbyes apart, and the
    end. `answer` is the server's application data, as far as it could be read; `is_closed` says that the
    server has said more once connected, which could not be read, and `is_garbled` that it could not although
    what came before could. `records` cuts what each side sends, `messages` puts its messages together.
    """

    def __init__(self, moves: Iterable[Move], secrets: Secrets) -> None:
        self.hello: ClientHello | None = None
        self.sslv2_format = False
        self.server_hello: ServerHello | None = None
        self.version: int | None = None
        self.phase = Phase.CLIENT_HELLO
        self.is_complete = False
        self.is_unsure = False
        self.end: End | None = None
        self.warnings: list[int] = []
        self.certificate: bytes | None = None
        self.certificate_requested = False
        self.answer = bytearray()
        self.is_closed = False
        self.is_garbled = False
        self.transcript = Transcript()
        self.waited = 0.0
        self._secrets = secrets
        self._openers: dict[Role, Opener | None] = dict.fromkeys(Role)
        self._hello_again: ClientHello | None = None
        self._next_opener: Opener | None = None
        self._now = 0.0
        self._spoken = 0.0
        # Each message and record since the client's last: when it came, and what was waited for.
        self._before: list[tuple[float, Phase]] = []
        self._is_hello_answered = False
        self._is_opened = False  # a record of the server's has been
        self._group: int | None = None
        self._dh_prime_bits: int | None = None
        self.records = {
            Role.CLIENT: RecordReader(FirstRecord.SSLV2_OR_TLS, ANY_RECORD),
            Role.SERVER: RecordReader(FirstRecord.TLS, ANY_RECORD),
        }
        self.messages = {role: MessageReader() for role in Role}
        self._changed: set[Role] = set()
        self._finished: set[Role] = set()
        for move in moves:
            self._take(move)

    @property
    def is_tls13(self) -> bool:
        """Whether the server has chosen TLS 1.3."""
        return self.version is not None and self.version >= ProtocolVersion.TLS_1_3

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once the handshake is complete for the client."""
        hello = self.server_hello
        if hello is None or self.version is None or not self.is_complete:
            return None
        has = hello.extension
        return Negotiated(
            version=self.version,
            cipher_suite=hello.cipher_suite,
            named_group=self._group,
            dh_prime_bits=self._dh_prime_bits,
            renegotiation_info=has(ExtensionType.RENEGOTIATION_INFO) is not None,
            extended_master_secret=self.is_tls13 or has(ExtensionType.EXTENDED_MASTER_SECRET) is not None,
            encrypt_then_mac=has(ExtensionType.ENCRYPT_THEN_MAC) is not None,
        )

    def _take(self, move: Move) -> None:
        self._now = move.time
        role = Role.CLIENT if move.is_clients else Role.SERVER
        if move.end is not None:
            self._ended(role, move.end)
            return
        reader = self.records[role]
        reader.feed(move.data)
        try:
            while (record := reader.next()) is not None:
                self._record(role, record)
        except (PeerFault, DecodeError):  # what the other side makes of it is seen by what it does
            self.records[role] = RecordReader(rules=ANY_RECORD)
            self._offer(role)

    def _record(self, role: Role, record: Record | SSLv2Record) -> None:
        if isinstance(record, SSLv2Record):
            self._note(role, "sslv2-record", "ClientHello", push_sslv2_record(record), record.body)
            self._note(role, "message", "ClientHello", record.body, record.body)
            self.hello, self.sslv2_format = pull_sslv2_client_hello(record.body).to_client_hello(), True
            self.phase = Phase.SERVER_HELLO
            return
        opened = self._opened(role, record)
        content_type = record.content_type if opened is None else opened[0]
        fragment = None if opened is None else opened[1]
        self._note(role, "record", record_name(content_type), push_record(record), fragment or b"")
        if content_type != ContentType.ALERT or fragment is None or fragment[-1:] not in _GOODBYES:
            self._spoken = self._now
        if content_type == ContentType.CHANGE_CIPHER_SPEC:
            self._change(role)
        elif content_type == ContentType.ALERT:
            self._alert(role, fragment)
        elif content_type == ContentType.HANDSHAKE and fragment is not None:
            if not fragment:
                self._offer(role)
            self.messages[role].feed(fragment)
            while (message := self.messages[role].next()) is not None:
                self._message(role, message)
        elif content_type == ContentType.HANDSHAKE:  # a Finished that stays closed
            self._finish(role)
        elif content_type == ContentType.APPLICATION_DATA:
            self._data(role, record, fragment)
        else:  # of a type that a handshake has no use for
            self._offer(role)

    def _opened(self, role: Role, record: Record) -> tuple[int, bytes] | None:
        """The record in the clear; None where it stays closed."""
        is_protected = role in self._changed
        if self.is_tls13:
            is_protected = record.content_type == ContentType.APPLICATION_DATA
        if not is_protected:
            return record.content_type, record.fragment
        opener = self._openers[role]
        if opener is None:
            return None
        opened = opener.open(role, record.content_type, record.record_version, record.fragment)
        if role is Role.SERVER:
            self.is_garbled |= self._is_opened and opened is None
            self._is_opened |= opened is not None
        return opened

    def _change(self, role: Role) -> None:
        is_out_of_place = role in self._finished and self._next_opener is None
        if self.is_tls13 or not self._is_hello_answered or is_out_of_place:
            self._offer(role)
            return  # for middleboxes alone (RFC 8446 appendix D.4), or no change of keys
        self._changed.add(role)
        if role is Role.SERVER:
            self._pass(Phase.FINISHED)
        if self._next_opener is not None:
            self._openers[role] = self._next_opener
        opener = self._openers[role]
        if opener is not None:
            opener.change_cipher_spec(role)

    def _alert(self, role: Role, fragment: bytes | None) -> None:
        if role is Role.SERVER and fragment is not None and not is_alert(fragment, is_tls13=self.is_tls13):
            self._offer(role)
            return
        if fragment is None or len(fragment) != 2:
            # Closed once connected, where nothing is left to refuse, it can hardly be but the orderly end.
            is_orderly = self.is_complete and not self._before
            self._ended(role, Kind.CLOSE_NOTIFY if is_orderly else Kind.ALERT)
            return
        level, description = fragment
        if description in CLOSURE:
            if description == AlertDescription.CLOSE_NOTIFY:
                self._ended(role, Kind.CLOSE_NOTIFY)
            else:
                self._offer(role)
        elif level == AlertLevel.WARNING and not self.is_tls13:
            if role is Role.CLIENT:
                self.warnings.append(description)
            self._offer(role)
        else:
            self._ended(role, Kind.ALERT, description)

    def _data(self, role: Role, record: Record, fragment: bytes | None) -> None:
        if fragment is None and self.is_tls13 and role is Role.CLIENT:
            if len(record.fragment) in ALERT_13_LENGTHS:
                self._alert(role, None)
            else:
                self._finish(role)
            return
        if role is Role.SERVER and not self.is_complete:
            self._pass(self.phase)  # some message of its flight, or out of place
            return
        if role is Role.SERVER and fragment is not None:
            self.answer += fragment
        elif role is Role.SERVER:
            self.is_closed = True
        self._before.clear()

    def _message(self, role: Role, message: HandshakeMessage) -> None:
        name = message_name(message.handshake_type)
        wire = push_handshake_message(message)
        self._note(role, "message", name, wire, wire)
        with suppress(DecodeError):  # a server may say anything; what comes of it is the client's doing
            if role is Role.CLIENT:
                self._clients_message(name, message.body)
            else:
                self._servers_message(name, message.body)

    def _clients_message(self, name: str, body: bytes) -> None:
        self._before.clear()
        if name == "ClientHello" and not self.is_complete:
            self.hello = pull_client_hello(body)
            self.phase = Phase.SERVER_HELLO
        elif name == "Finished":
            self._finish(Role.CLIENT)
        elif name == "ClientHello" and not self.is_tls13:
            self._hello_again = pull_client_hello(body)
        elif name == "KeyUpdate":
            self._update_keys(Role.CLIENT)

    def _servers_message(self, name: str, body: bytes) -> None:
        if self.is_complete:
            self._offer(Role.SERVER)
            if name == "KeyUpdate":
                self._update_keys(Role.SERVER)
            elif name == "ServerHello" and self._hello_again is not None:
                hello = read_server_hello(body)
                random = self._hello_again.random
                self._next_opener = Opener(self._secrets, random, hello, hello.legacy_version)
            return
        if name == "Finished":
            self._finish(Role.SERVER)
            return
        self.certificate_requested |= name == "CertificateRequest"
        following = (_AFTER_13 if self.is_tls13 else _AFTER_12).get(name, self.phase)
        self._pass(following)
        if name == "ServerHello":
            self._is_hello_answered = True
            self._hello_of_server(read_server_hello(body))
        elif name == "Certificate":
            chain: tuple[bytes, ...]
            if self.is_tls13:
                chain = tuple(der for der, _ in pull_certificate_13(body).entries)
            else:
                chain = pull_certificate(body).chain
            self.certificate = chain[0] if chain else None
        elif name == "ServerKeyExchange":
            self._key_exchange(body)

    def _hello_of_server(self, hello: ServerHello) -> None:
        selected = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
        version = hello.legacy_version if selected is None else pull_selected_version(selected)
        if hello.is_hello_retry_request:
            self.version = ProtocolVersion.TLS_1_3  # no other has one, whatever extensions it has
            return
        is_second = self.server_hello is not None
        self.server_hello, self.version = hello, version
        if is_second:  # the keys of the first stay in use
            return
        if self.hello is not None:
            opener = Opener(self._secrets, self.hello.random, hello, version)
            self._openers = dict.fromkeys(Role, opener)
        share = hello.extension(ExtensionType.KEY_SHARE)
        if self.is_tls13:
            self._group = None if share is None else pull_key_share(share)[0]
        suite = self._suite()
        is_anonymous = suite is not None and suite.is_anonymous
        self.phase = Phase.KEY_EXCHANGE if is_anonymous else Phase.CERTIFICATE

    def _key_exchange(self, body: bytes) -> None:
        suite = self._suite()
        if suite is None or not suite.is_ephemeral:
            return
        self._group, self._dh_prime_bits = read_group(suite, body)

    def _suite(self) -> SuiteParameters | None:
        try:
            return None if self.server_hello is None else suite_parameters(self.server_hello.cipher_suite)
        except UnsupportedParameter:
            return None

    def _finish(self, role: Role) -> None:
        """A side has sent its Finished; in TLS 1.3 a client has then seen the server's."""
        if role is Role.SERVER:
            self._pass(self.phase if self.is_tls13 else Phase.FINISHED)
        else:
            self._before.clear()
        self._finished.add(role)
        opener = self._openers[role]
        if opener is not None and self.is_tls13:
            opener.finished(role)
        if self._finished == set(Role) or (self.is_tls13 and role is Role.CLIENT):
            self.is_complete = True
            self.phase = Phase.APPLICATION_DATA

    def _update_keys(self, role: Role) -> None:
        opener = self._openers[role]
        if opener is not None:
            opener.key_update(role)

    def _pass(self, following: Phase) -> None:
        """A message of the server's has come: what was waited for, and what is now."""
        if not self.is_complete:
            self._offer(Role.SERVER)
            self.phase = following

    def _offer(self, role: Role) -> None:
        """Something of the server's has come that the client can refuse."""
        if role is Role.SERVER:
            self._before.append((self._now, self.phase))

    def _ended(self, role: Role, kind: Kind, alert: int | None = None) -> None:
        """Keep the end that came first. A client's alert that has crossed the server's orderly end says
        more: it is about something before that.
        """
        first = self.end
        if first is not None and not (role is Role.CLIENT and alert is not None and self._is_crossed(first)):
            return
        phase = self.phase
        is_refusal = kind is Kind.ALERT or not self.is_complete
        if role is Role.CLIENT and self._before and is_refusal:
            phase = self._refused(kind)
            self.is_complete &= phase is Phase.APPLICATION_DATA
        # Where nothing was said, there was nothing to be waited after.
        self.waited = self._now - self._spoken if self._spoken else 0.0
        self.end = End(role is Role.CLIENT, kind, phase, alert)

    def _is_crossed(self, first: End) -> bool:
        """Whether a client's alert can be about something before the server's end; a FIN may be what it is
        about, but not behind what cannot be read.
        """
        is_about_more = first.kind is Kind.CLOSE_NOTIFY or (first.kind is Kind.FIN and self.is_garbled)
        return self.is_complete and not first.is_clients and is_about_more

    def _refused(self, kind: Kind) -> Phase:
        """The phase of what the client refuses: of the last that it got; it has taken what came a pause
        earlier (`relay`). Who sends an encrypted alert has taken TLS 1.3's ServerHello; an alert in the clear
        says nothing, for OpenSSL has no keys to send with until its second flight (3.0.19 and others;
        measured).
        """
        last, _ = self._before[-1]
        phases = [phase for time, phase in self._before if last - time < PAUSE_SECONDS]
        is_clear = self.transcript[-1].wire[:1] == bytes((ContentType.ALERT,))
        if self.is_tls13 and kind is Kind.ALERT and not is_clear:
            phases = [Phase.CERTIFICATE if each is Phase.SERVER_HELLO else each for each in phases]
        self.is_unsure = len(set(phases)) > 1
        return phases[-1]

    def _note(self, role: Role, kind: str, name: str, wire: bytes, decrypted: bytes) -> None:
        direction = "sent" if role is Role.CLIENT else "received"
        self.transcript.append(TranscriptEntry(direction, kind, name, self._now, wire, decrypted))
