"""The tables of [emulation] that say how strictly a server reads and how it says no.

They become the values of `handshake.server.strictness`, whose docstrings say what each key means.
"""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from definitions.fault import unknown_value
from handshake.errors import Fault
from handshake.server import Ending, Intolerance, Reaction
from handshake.server.strictness import (
    Alerting,
    AnsweredExtension,
    HelloReading,
    MessageTypes,
    ReceivedAlert,
    Reply,
    Step,
    VersionOf,
)
from handshake.wire.handshake_message import MAX_MESSAGE_LENGTH
from handshake.wire.record import MAX_CIPHERTEXT_LENGTH, RecordRules, UnknownType
from handshake.wire.registry import AlertLevel, ContentType
from servers.emulated.words import (
    REACTIONS,
    STRICT,
    AlertName,
    DHGroupName,
    ExtensionName,
    Feature,
    HexadecimalBytes,
    ReactionWord,
    VersionName,
    one_of,
    reaction_word,
)

MAX_TLS_CIPHERTEXT = 2**16 - 1

Byte = Annotated[int, Field(ge=0, le=255)]


class _Table(BaseModel):
    model_config = STRICT


class RecordsTable(_Table):
    """[emulation.records]: what records are accepted.

    `max_fragment` in bytes, judged by the header, `max_plaintext` when the record is there; `any_version`:
    whether any record version is accepted; `fixes_version`: once a version is chosen, only that one is.
    `signed_major`: whether a major version from 128 on is, as a negative number. `unknown_type` "refused",
    "read", "ignored" or "sslv2"; `first_types`: what the first record may be. `max_empty`:
    how many empty ones in a row are passed over.
    """

    max_fragment: Annotated[int, Field(ge=1, le=MAX_TLS_CIPHERTEXT)] = MAX_CIPHERTEXT_LENGTH
    max_plaintext: Annotated[int, Field(ge=1, le=MAX_TLS_CIPHERTEXT)] | None = None
    any_version: bool = False
    fixes_version: bool = False
    signed_major: bool = False
    unknown_type: Literal["refused", "read", "ignored", "sslv2"] = "refused"
    first_types: (
        list[Literal["change_cipher_spec", "alert", "handshake", "application_data", "heartbeat"]] | None
    ) = None
    max_empty: Annotated[int, Field(ge=0)] | None = None

    def to_rules(self, *, reads_sslv2_version_first: bool) -> RecordRules:
        """The record layer's rules; `fixes_version` is the connection's."""
        first_types = None
        if self.first_types is not None:
            first_types = frozenset(int(ContentType[name.upper()]) for name in self.first_types)
        return RecordRules(
            max_fragment=self.max_fragment,
            version_major=None if self.any_version else 3,
            max_plaintext=self.max_plaintext,
            unknown_type=UnknownType(self.unknown_type),
            first_types=first_types,
            max_empty=self.max_empty,
            reads_sslv2_version_first=reads_sslv2_version_first,
            signed_major=self.signed_major,
        )


class IntoleranceTable(_Table):
    """[[emulation.intolerance]]: a hello with any of `features` gets `reaction` instead of an answer."""

    features: Annotated[list[Feature], Field(min_length=1)]
    reaction: ReactionWord

    def to_intolerance(self) -> Intolerance:
        """The engine's value."""
        return Intolerance(tuple(self.features), self.reaction)


class CheckTable(_Table):
    """One of `checks`: `features` and `reaction` as of an intolerance, with the `record_version` of the alert
    where it is not the one in use; or a `step` alone.
    """

    features: Annotated[list[Feature], Field(min_length=1)] = []
    reaction: ReactionWord | None = None
    record_version: VersionName | None = None
    step: Annotated[Step | None, BeforeValidator(one_of(Step))] = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        is_check = bool(self.features) and self.reaction is not None
        if is_check == (self.step is not None) or bool(self.features) != (self.reaction is not None):
            raise ValueError("write features and reaction, or step alone")
        return self

    def to_check(self) -> Intolerance | Step:
        """The engine's value."""
        if self.step is not None:
            return self.step
        assert self.reaction is not None, "the validator saw to it"
        reaction = replace(self.reaction, record_version=self.record_version)
        return Intolerance(tuple(self.features), reaction)


class ReadingTable(_Table):
    """[emulation.reading]: hellos are read as far as they go, then checked."""

    checks: list[CheckTable] = []
    extensions_may_overrun: bool = False
    last_extension_counts: bool = False
    message_types: Annotated[MessageTypes, BeforeValidator(one_of(MessageTypes))] = MessageTypes.WHOLE
    known_message_types: list[Byte] = []
    max_message: Annotated[int, Field(ge=1, lt=1 << 24)] = MAX_MESSAGE_LENGTH
    sslv2_lengths_forgotten: bool = False
    records_may_interleave: bool = True

    def to_reading(self) -> HelloReading:
        """The engine's value."""
        return HelloReading(
            tuple(check.to_check() for check in self.checks),
            self.extensions_may_overrun,
            self.last_extension_counts,
            self.message_types,
            frozenset(self.known_message_types),
            self.max_message,
            self.sslv2_lengths_forgotten,
            self.records_may_interleave,
        )


def _reply(value: object) -> Reaction | Reply:
    if value in list(Reply):
        return Reply(str(value))
    try:
        return reaction_word(value)
    except ValueError:
        raise unknown_value(value, (*REACTIONS, *Reply), "reply") from None


class ReceivedAlertTable(_Table):
    """[[emulation.received_alert]]: how an alert that comes during a handshake is taken; the first that fits.

    `levels` "warning", "fatal" or a number; `descriptions` by name. `reply`: "ignore", "close_notify"
    or a reaction.
    """

    reply: Annotated[Reaction | Reply, BeforeValidator(_reply)]
    levels: list[Literal["warning", "fatal"] | Byte] = []
    descriptions: list[AlertName] = []
    before_hello: bool = False
    malformed: bool = False

    def to_rule(self) -> ReceivedAlert:
        """The engine's value."""
        levels = (AlertLevel[each.upper()] if isinstance(each, str) else each for each in self.levels)
        return ReceivedAlert(
            self.reply,
            frozenset(int(level) for level in levels),
            frozenset(self.descriptions),
            self.before_hello,
            self.malformed,
        )


class AnsweredExtensionTable(_Table):
    """[[emulation.answered_extension]]: an extension of the ServerHello, in its place.

    `body` in hex, or "echo" for the client's; left out for what is negotiated. `cipher_suites`: a pattern.
    """

    extension: ExtensionName
    body: Literal["echo"] | HexadecimalBytes | None = None
    cipher_suites: str = "*"

    def to_answered_extension(self) -> AnsweredExtension:
        """The engine's value."""
        body = self.body if isinstance(self.body, bytes) else None
        return AnsweredExtension(self.extension, body, self.body == "echo", self.cipher_suites)


class SuiteGroupTable(_Table):
    """[[emulation.dh_groups]]: the group for cipher suites that fit a pattern of IANA names."""

    cipher_suites: str
    group: DHGroupName


def alerting(
    alerts: dict[Fault, int | Ending],
    versions: dict[Fault, VersionOf],
    in_sslv3: dict[int, int],
    received: list[ReceivedAlertTable],
    *,
    span_records: bool,
) -> Alerting:
    """Everything about alerts beside which one answers a fault."""
    endings = {fault: answer for fault, answer in alerts.items() if isinstance(answer, Ending)}
    return Alerting(endings, versions, in_sslv3, tuple(each.to_rule() for each in received), span_records)
