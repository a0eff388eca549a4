"""Client profiles: one TOML file a client, read into frozen values.

A file says who the client is, where its bytes come from, what it accepts, how it reacts, and in `[[attempt]]`
tables the hellos it sends one after another. Reading is strict: an unknown key, an unknown name or a hello
that cannot exist is a `ProfileError`, one line a fault (`definitions.fault`).
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from clients.fields import (
    Alert,
    Cipher,
    CompressionCode,
    ExtensionType,
    HexBody,
    Listed,
    Trigger,
    Version,
)
from clients.player import PlayedHello, Player
from definitions.fault import Mistakes, Place, Together, UnusableFile
from definitions.former import Notes
from definitions.reading import read_toml
from handshake.hello_random import Beginning
from handshake.hello_template import (
    ClientLimits,
    ClientPolicy,
    ExtensionTemplate,
    Fill,
    HelloFormat,
    HelloTemplate,
    Placement,
)
from handshake.reason import Cause, parse_causes
from handshake.record_layer import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.wire.registry import AlertDescription, extension_name
from handshake.wire.registry import ExtensionType as ExtensionCode

BUNDLED_PROFILES = Path(__file__).parent / "profiles"
GENUINE = "genuine-"
"""So begin the names of files that are no profiles but genuine programs (`clients.genuine.own`)."""
SCHEMA_FILE = Path(__file__).parent / "profile.schema.json"  # for editors; made by `profile_json_schema`

_FILL_EXTENSION = {
    "server_name": ExtensionCode.SERVER_NAME,
    "dotted_server_name": ExtensionCode.SERVER_NAME,
    "key_share": ExtensionCode.KEY_SHARE,
    "padding": ExtensionCode.PADDING,
}


class ProfileError(UnusableFile):
    """A profile that cannot be used: one line a fault, with the file, the key and what to do."""


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Provenance(_Table):
    """Where the bytes come from, and how sure that is."""

    kind: Literal["captured", "documented", "derived"]
    source: str = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]
    note: str = ""


class Limits(_Table):
    """What the client accepts of a server's answer; sizes in bits, absent is no limit."""

    versions: Annotated[tuple[Version, ...], Listed] = ()
    max_dh_prime_bits: PositiveInt | None = None
    min_dh_prime_bits: PositiveInt | None = None
    min_rsa_bits: PositiveInt | None = None
    dh_prime_alert: Alert = AlertDescription.HANDSHAKE_FAILURE


class Policy(_Table):
    """How the client reacts; the words are those of `handshake.hello_template.ClientPolicy`."""

    warning_alert: Literal["ignore", "abort"] = "ignore"
    missing_renegotiation_info: Literal["accept", "abort"] = "accept"
    record_splitting: Literal["none", "0/n", "1/n-1", "1/n-1-not-first"] = "none"
    renegotiation: Literal["off", "secure", "legacy"] = "secure"
    hello_request: Literal["renegotiate", "ignore", "abort", "abort-after-warning"] = "renegotiate"
    refuses_legacy_at: Literal["start", "server-hello"] = "start"
    renegotiation_info: Literal["first", "after-server_name", "last"] = "last"
    renegotiation_session: Literal["new", "resume"] = "new"
    no_renegotiation: Literal["continue", "abort"] = "continue"


class ProfileExtension(_Table):
    """One extension in its place: a fixed `body`, or `fill` for one that is made at connection time."""

    type: ExtensionType
    body: HexBody = b""
    fill: Literal["server_name", "dotted_server_name", "key_share", "padding"] | None = None

    @model_validator(mode="after")
    def _check_fill(self) -> Self:
        if self.fill is None:
            return self
        if self.type != _FILL_EXTENSION[self.fill]:
            raise ValueError(
                f'fill = "{self.fill}" goes with type = "{extension_name(_FILL_EXTENSION[self.fill])}", '
                f"not {extension_name(self.type)}"
            )
        if self.fill == "key_share" and not self.body:
            raise ValueError('fill = "key_share" needs a body: the captured list, whose keys are replaced')
        if self.fill != "key_share" and self.body:
            raise ValueError(f'fill = "{self.fill}" makes the body itself: leave body out')
        return self

    def to_template(self) -> ExtensionTemplate:
        """Return it in the engine's words."""
        return ExtensionTemplate(self.type, self.body, None if self.fill is None else Fill(self.fill))


class ProfileAttempt(_Table):
    """One hello. `after` names the failures of the attempt before that lead here."""

    evidence: str = Field(min_length=1)
    after: Annotated[tuple[Trigger, ...], Listed] = ()
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
    cipher_suites: Annotated[tuple[Cipher, ...], Field(min_length=1), Listed]
    compression_methods: Annotated[tuple[CompressionCode, ...], Listed] | None = None
    extensions: Annotated[tuple[ProfileExtension, ...], Listed] | None = None

    @model_validator(mode="after")
    def _can_exist(self) -> Self:
        wrong = [*self._wrong_in_format(), *self._repeated_extensions()]
        if wrong:
            raise Mistakes(wrong)
        return self

    def _wrong_in_format(self) -> Iterator[tuple[Place, str]]:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if self.format == "sslv2":
            for name in ("record_version", "compression_methods", "extensions"):
                if name in given:
                    yield (name,), "an SSLv2-format hello has none: leave it out"
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
        )


class Profile(_Table):
    """One client: what it is, what it sends, what it accepts."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = Field(min_length=1)
    stack: str = Field(min_length=1)
    os: str = Field(min_length=1)
    released: str = Field(
        pattern=r"^[0-9]{4}(-[0-9]{2}){0,2}$", description="year, month or day, e.g. 2011-12-21"
    )
    plays: str | None = Field(
        default=None,
        pattern=r"^genuine-[a-z0-9][a-z0-9._-]*$",
        description="the genuine program that it is compared with where both are columns; where that very "
        "version is none, the newest of the same major and minor version",
    )
    default: bool = Field(default=True, description="whether it is in the grid when no client is chosen")
    provenance: Provenance
    limits: Limits = Limits()
    policy: Policy = Policy()
    attempts: Annotated[tuple[ProfileAttempt, ...], Field(min_length=1, alias="attempt"), Listed]

    @field_validator("attempts")
    @classmethod
    def _check_ladder(cls, attempts: tuple[ProfileAttempt, ...]) -> tuple[ProfileAttempt, ...]:
        wrong: list[tuple[Place, str]] = []
        if attempts[0].after:
            wrong.append(((0, "after"), "the first attempt follows no failure: leave it out"))
        for index, attempt in enumerate(attempts):
            if index and not attempt.after:
                wrong.append(((index, "after"), "is missing: name the failures that lead to this attempt"))
        if wrong:
            raise Mistakes(wrong)
        return attempts

    @field_validator("id")
    @classmethod
    def _is_the_name_of_the_file(cls, identity: str, info: ValidationInfo) -> str:
        if isinstance(info.context, Path) and info.context.stem != identity:
            raise ValueError(
                f"is {identity!r}, and the file's name says {info.context.stem!r}: make them equal"
            )
        return identity

    @cached_property
    def player(self) -> Player:
        """The client as it is played."""
        hellos = tuple(PlayedHello(attempt.template, attempt.causes) for attempt in self.attempts)
        return Player(hellos, self.client_limits, self.client_policy)

    @cached_property
    def client_limits(self) -> ClientLimits:
        """The limits in the engine's words."""
        return ClientLimits(**self.limits.model_dump())

    @cached_property
    def client_policy(self) -> ClientPolicy:
        """The policy in the engine's words."""
        policy = self.policy
        return ClientPolicy(
            warning_alert=policy.warning_alert,
            missing_renegotiation_info=policy.missing_renegotiation_info,
            record_splitting=RecordSplitting(policy.record_splitting),
            renegotiation=Renegotiation(policy.renegotiation),
            hello_request=policy.hello_request,
            refuses_legacy_at=policy.refuses_legacy_at,
            renegotiation_info=Placement(policy.renegotiation_info),
            renegotiation_session=policy.renegotiation_session,
            no_renegotiation=policy.no_renegotiation,
        )


def load_profiles(
    directories: Iterable[Path] = (BUNDLED_PROFILES,), notes: Notes | None = None
) -> dict[str, Profile]:
    """Read every `*.toml` of `directories`; the result is sorted by id. Raises ProfileError with the faults
    of all files.
    """
    paths: dict[str, Path] = {}
    profiles = {}
    together = Together()
    for directory in directories:
        with together:
            if not directory.is_dir():
                raise ProfileError(
                    f"{directory}: no such directory: name one that holds client profiles (*.toml)"
                )
        for path in sorted(directory.glob("*.toml")):
            if path.name.startswith(GENUINE):
                continue
            with together:
                profile = load_profile(path, notes)
                if profile.id in paths:
                    taken = paths[profile.id]
                    raise ProfileError(
                        f"{path}: id: {profile.id!r} is taken by {taken}: rename one of the two"
                    )
                paths[profile.id] = path
                profiles[profile.id] = profile
    together.end(ProfileError)
    return dict(sorted(profiles.items()))


def load_profile(path: Path, notes: Notes | None = None) -> Profile:
    """Read one profile; old keys and notations go into `notes`. Raises ProfileError."""
    return read_toml(path, Profile, ProfileError, notes)


def profile_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile, for editors."""
    schema = Profile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "TLS client profile",
    }
