"""The hellos of a profile: `[[attempt]]` tables, and the attempt that is the one before it less something."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from clients.fields import Ciphers, CompressionCode, ExtensionType, Group, HexBody, Listed, Trigger, Version
from definitions.fault import Mistakes, Place
from handshake.hello_random import Beginning
from handshake.hello_template import (
    ExtensionOrder,
    ExtensionTemplate,
    Fill,
    GreaseValues,
    HelloFormat,
    HelloTemplate,
)
from handshake.reason import Cause, parse_causes
from handshake.wire.record import MAX_PLAINTEXT_LENGTH
from handshake.wire.registry import ExtensionType as ExtensionCode
from handshake.wire.registry import extension_name, parse_extension_type
from handshake.wire.share_lengths import blank_key_shares

ECH_FIXED_BYTES = 5
"""Type, KDF and AEAD of an encrypted_client_hello, which an ech_grease keeps (draft-ietf-tls-esni section
5).
"""

MAX_PAUSES_SECONDS = 60
"""Of one attempt, all together: the time that it takes besides its deadline."""

RecordSize = Annotated[int, Field(ge=1, le=MAX_PLAINTEXT_LENGTH)]
PauseSeconds = Annotated[float, Field(ge=0, le=MAX_PAUSES_SECONDS, allow_inf_nan=False)]

_FILL_EXTENSION = {
    "server_name": ExtensionCode.SERVER_NAME,
    "dotted_server_name": ExtensionCode.SERVER_NAME,
    "key_share": ExtensionCode.KEY_SHARE,
    "padding": ExtensionCode.PADDING,
    "ech_grease": ExtensionCode.ENCRYPTED_CLIENT_HELLO,
}
_OWN_KEYS = frozenset({"evidence", "after", "without"})
"""What an attempt says for itself that is the one before it less some extensions."""


class Table(BaseModel):
    """A table of a profile: strict, and a value once it is read."""

    model_config = ConfigDict(defer_build=True, strict=True, frozen=True, extra="forbid")


class ProfileExtension(Table):
    """One extension in its place: a fixed `body`, or `fill` for one that is made at connection time."""

    type: ExtensionType
    body: HexBody = b""
    fill: Literal["server_name", "dotted_server_name", "key_share", "padding", "ech_grease"] | None = None
    groups: Annotated[tuple[Group, ...], Listed] = Field(
        default=(), description="the groups of a key_share, a key of which is made for each hello"
    )
    payload_sizes: Annotated[tuple[PositiveInt, ...], Listed] = Field(
        default=(), description="bytes of an ech_grease's payload, one of which is drawn for each hello"
    )
    aeads: Annotated[tuple[PositiveInt, ...], Listed] = Field(
        default=(),
        description="code points of an ech_grease's AEAD (RFC 9180 section 7.3), one of which is drawn for "
        "each hello; without them it is the body's",
    )

    @model_validator(mode="after")
    def _check_fill(self) -> Self:
        if bool(self.payload_sizes) is not (self.fill == "ech_grease"):
            raise ValueError('payload_sizes = [...] and fill = "ech_grease" go together')
        if self.aeads and self.fill != "ech_grease":
            raise ValueError('aeads = [...] goes with fill = "ech_grease" alone')
        if self.groups:
            self._check_groups()
        if self.fill is None:
            return self
        if self.type != _FILL_EXTENSION[self.fill]:
            raise ValueError(
                f'fill = "{self.fill}" goes with type = "{extension_name(_FILL_EXTENSION[self.fill])}", '
                f"not {extension_name(self.type)}"
            )
        if self.fill == "key_share" and not self.body and not self.groups:
            raise ValueError('fill = "key_share" needs groups = [...]; or a body whose keys are replaced')
        if self.fill == "ech_grease" and len(self.body) < ECH_FIXED_BYTES:
            raise ValueError('fill = "ech_grease" needs a body: type, KDF and AEAD, e.g. "00 0001 0001"')
        if self.fill not in ("key_share", "ech_grease") and self.body:
            raise ValueError(f'fill = "{self.fill}" makes the body itself: leave body out')
        return self

    def _check_groups(self) -> None:
        if self.fill != "key_share":
            raise ValueError('groups = [...] goes with fill = "key_share" alone')
        if self.body:
            raise ValueError("groups = [...] makes the body itself: leave body out")
        blank_key_shares(self.groups)

    def to_template(self) -> ExtensionTemplate:
        """Return it in the engine's words."""
        fill = None if self.fill is None else Fill(self.fill)
        body = blank_key_shares(self.groups) if self.groups else self.body
        return ExtensionTemplate(self.type, body, fill, self.payload_sizes, self.aeads)


def _whole_or_less(schema: dict[str, Any]) -> None:
    """In a file an attempt is whole, or the one before it less some extensions; the model has it whole."""
    schema["anyOf"] = [{"required": schema.pop("required")}, {"required": ["without"]}]


class ProfileAttempt(Table):
    """One hello. `after` names the failures of the attempt before that lead here."""

    model_config = ConfigDict(json_schema_extra=_whole_or_less)

    evidence: str | None = Field(
        default=None,
        min_length=1,
        description="the recorded hello that this one has to equal, by its name in a file of the folder "
        "evidence, beside the profile or in clients/evidence",
    )
    after: Annotated[tuple[Trigger, ...], Listed] = ()
    without: Annotated[tuple[ExtensionType, ...], Listed] = Field(
        default=(),
        description="the attempt is the one before it less these extensions; nothing else is written then, "
        "but evidence and after",
    )
    format: Literal["record", "sslv2"] = "record"
    record_version: Version | None = None
    client_version: Version
    session_id_length: int = Field(default=0, ge=0, le=32)
    challenge_length: int | None = Field(default=None, ge=16, le=32)
    random_begins_with: Literal["random-bytes", "gmt_unix_time"] = Field(
        default="random-bytes",
        description="the first bytes of random; gmt_unix_time is the time (RFC 5246 section 7.4.1.2). Holds "
        "for every hello in a TLS record that is made of this one, those that resume or renegotiate too",
    )
    challenge_begins_with: Literal["random-bytes", "gmt_unix_time"] | None = Field(
        default=None, description="the same for the challenge of an SSLv2-format hello"
    )
    cipher_suites: Annotated[Ciphers, Field(min_length=1, json_schema_extra={"minItems": 1})]
    compression_methods: Annotated[tuple[CompressionCode, ...], Listed] | None = None
    extensions: Annotated[tuple[ProfileExtension, ...], Listed] | None = None
    records: Annotated[tuple[RecordSize, ...], Listed] = Field(
        default=(),
        description="how the hello is cut into TLS records: the bytes of its message in each, what is left "
        "being in one more; the hello after a HelloRetryRequest is cut in the same way",
    )
    segments: Annotated[tuple[PositiveInt, ...], Listed] = Field(
        default=(),
        description="how the first flight is cut into TCP segments: the bytes on the wire in each, what is "
        "left being in one more; a segment goes out once the one before is acknowledged",
    )
    pause_seconds: PauseSeconds = Field(
        default=0.0, description="how long the client waits between two segments once the first has arrived"
    )
    grease: Literal["as-written", "drawn"] = Field(
        default="as-written",
        description="GREASE values (RFC 8701): those that are written here, or drawn for every connection",
    )
    order: Literal["as-written", "permuted"] = Field(
        default="as-written", description="the extensions' order: as written, or drawn for every connection"
    )
    unmoved: Annotated[tuple[ExtensionType, ...], Listed] = Field(
        default=(), description='the extensions that keep their places where order = "permuted"'
    )

    @model_validator(mode="after")
    def _can_exist(self) -> Self:
        wrong = [*self._wrong_in_format(), *self._repeated_extensions()]
        if wrong:
            raise Mistakes(wrong)
        return self

    def _wrong_in_format(self) -> Iterator[tuple[Place, str]]:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if self.unmoved and self.order != "permuted":
            yield ("unmoved",), 'goes with order = "permuted" alone: drop it'
        if self.pause_seconds and not self.segments:
            yield ("pause_seconds",), "is between segments: say where they end, e.g. segments = [700]"
        if self.pause_seconds * len(self.segments) > MAX_PAUSES_SECONDS:
            advice = f"the pauses take more than {MAX_PAUSES_SECONDS} s together: make them shorter or fewer"
            yield ("pause_seconds",), advice
        if self.format == "sslv2":
            for name in ("record_version", "compression_methods", "extensions"):
                if name in given:
                    yield (name,), "an SSLv2-format hello has none: leave it out"
            if self.records:
                yield ("records",), "an SSLv2-format hello is one record: leave it out"
            if "challenge_length" not in given:
                yield ("challenge_length",), "is missing: an SSLv2-format hello needs one, 16 to 32"
            return
        for name in ("challenge_length", "challenge_begins_with"):
            if name in given:
                advice = 'only an SSLv2-format hello has a challenge: drop it or set format = "sslv2"'
                yield (name,), advice
        for name in ("record_version", "compression_methods"):
            if name not in given:
                yield (name,), "is missing: a hello in a TLS record needs it"
        for index, code in enumerate(self.cipher_suites):
            if code > 0xFFFF:
                yield (
                    ("cipher_suites", index),
                    f"cipher spec 0x{code:06x} fits an SSLv2-format hello only: "
                    'set format = "sslv2" or drop it',
                )

    def _repeated_extensions(self) -> Iterator[tuple[Place, str]]:
        types = [extension.type for extension in self.extensions or ()]
        for index, code in enumerate(types):
            if code in types[:index]:
                name = extension_name(code)
                yield ("extensions", index), f"{name} stands twice (RFC 8446 section 4.2): drop one"

    @cached_property
    def causes(self) -> frozenset[Cause]:
        """Every failure cause that leads here."""
        return frozenset().union(*(parse_causes(trigger) for trigger in self.after))

    @cached_property
    def template(self) -> HelloTemplate:
        """The hello in the engine's words."""
        return HelloTemplate(
            client_version=self.client_version,
            cipher_suites=self.cipher_suites,
            format=HelloFormat(self.format),
            record_version=self.record_version or self.client_version,
            session_id_length=self.session_id_length,
            challenge_length=self.challenge_length or 32,
            compression_methods=bytes(self.compression_methods or ()),
            extensions=None if self.extensions is None else tuple(e.to_template() for e in self.extensions),
            random_begins_with=Beginning(self.random_begins_with),
            challenge_begins_with=Beginning(self.challenge_begins_with or "random-bytes"),
            grease=GreaseValues(self.grease),
            order=ExtensionOrder(self.order),
            unmoved=frozenset(self.unmoved),
            records=self.records,
            segments=self.segments,
            pause_seconds=self.pause_seconds,
        )


def in_full(attempts: Any) -> Any:
    """The attempts as they are written, each that is the one before it less some extensions spelt out.

    Raises Mistakes for one that says more than that, or leaves out what is not there. What is no list of
    tables is left for the models to judge.
    """
    if not isinstance(attempts, list):
        return attempts
    full: list[Any] = []
    wrong: list[tuple[Place, str]] = []
    for index, attempt in enumerate(attempts):
        if isinstance(attempt, dict) and attempt.get("without"):
            before = full[-1] if full and isinstance(full[-1], dict) else None
            try:
                attempt = _less(attempt, before)
            except ValueError as error:
                wrong.append(((index, "without"), str(error)))
                continue
        full.append(attempt)
    if wrong:
        raise Mistakes(wrong)
    return full


def _less(attempt: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attempt before, less what this one leaves out."""
    if before is None:
        raise ValueError("the first attempt has none before it: write it in full")
    if more := sorted(attempt.keys() - _OWN_KEYS):
        raise ValueError(f"the rest is as in the attempt before: drop {', '.join(more)}")
    written, left_out = before.get("extensions"), attempt["without"]
    if not isinstance(written, list) or not isinstance(left_out, list):
        raise ValueError("write a list of extensions that the attempt before has")
    types = {parse_extension_type(name) for name in left_out}
    kept = [each for each in written if _type_of(each) not in types]
    if missing := types - {_type_of(each) for each in written}:
        names = ", ".join(sorted(map(extension_name, missing)))
        raise ValueError(f"the attempt before has no {names}: drop it")
    return {**before, "after": [], **attempt, "extensions": kept}


def _type_of(extension: Any) -> int | None:
    """The type of an extension as it is written; None where it cannot be read."""
    try:
        return parse_extension_type(extension["type"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
