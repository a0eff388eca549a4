"""Client profiles: one TOML file a client, read into frozen values.

A file says who the client is, where its bytes come from, what it accepts, how it reacts, and in `[[attempt]]`
tables the hellos it sends one after another. Reading is strict: an unknown key, an unknown name or a hello
that cannot exist is a `ProfileError`, one line a fault (`definitions.fault`).
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from clients.accepting import ACCEPTS_SCHEMA, Conduct, OverTheFamily, conduct_of
from clients.fields import Listed
from clients.player import PlayedHello, Player
from clients.profile_attempt import ProfileAttempt, Table, in_full
from clients.profile_tables import Limits, Policy, Provenance, RenegotiationHelloTable, RetryHelloTable
from clients.recorded import EVIDENCE, names_like, recorded_hello
from definitions.by_name import ByName
from definitions.document import Document, toml_document
from definitions.fault import Fault, Mistakes, Place, Together, UnusableFile, nearest
from definitions.former import Former, Notes
from definitions.reading import read_document, read_toml
from handshake.errors import PeerFault
from handshake.hello_template import ClientLimits, ClientPolicy, Placement
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from stacks.catalogue import parsed_folder

BUNDLED_PROFILES = Path(__file__).parent / "profiles"
GENUINE = "genuine-"
"""So begin the names of files that are no profiles but genuine programs (`clients.genuine.own`)."""
SCHEMA_FILE = Path(__file__).parent / "profile.schema.json"  # for editors; made by `profile_json_schema`

DEFAULT_SETS = frozenset({"core", "today"})
"""The sets of the clients in the grid when none is chosen."""

SetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]


class ProfileError(UnusableFile):
    """A profile that cannot be used: one line a fault, with the file, the key and what to do."""


def _as_sets(value: Any) -> Mapping[str, Any]:
    """`default`, as it was written before there were sets."""
    if not isinstance(value, bool):
        raise ValueError("is the old form of sets, and neither true nor false: write sets = []")
    return {} if value else {"sets": []}


class Profile(Table):
    """One client: what it is, what it sends, what it accepts."""

    former: ClassVar = (Former("default", _as_sets),)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = Field(min_length=1)
    stack: str = Field(min_length=1)
    os: str = Field(min_length=1)
    released: str = Field(
        pattern=r"^[0-9]{4}(-[0-9]{2}){0,2}$", description="year, month or day, e.g. 2011-12-21"
    )
    sets: Annotated[tuple[SetName, ...], Listed] | None = Field(
        default=None,
        description='what it belongs to: "core" and "today" are the grid when no client is chosen; a profile '
        "without this key is in that grid too",
    )
    plays: str | None = Field(
        default=None,
        pattern=r"^genuine-[a-z0-9][a-z0-9._-]*$",
        description="the genuine program that it is compared with where both are columns; where that very "
        "version is none, the newest of the same major and minor version",
    )
    provenance: Provenance
    accepts: Annotated[Conduct, BeforeValidator(conduct_of), WithJsonSchema(ACCEPTS_SCHEMA)] = Conduct()
    limits: OverTheFamily[Limits] = Field(default=Limits(), validate_default=True)
    policy: OverTheFamily[Policy] = Field(default=Policy(), validate_default=True)
    retry_hello: OverTheFamily[RetryHelloTable] = Field(default=RetryHelloTable(), validate_default=True)
    renegotiation_hello: OverTheFamily[RenegotiationHelloTable] = Field(
        default=RenegotiationHelloTable(), validate_default=True
    )
    attempts: Annotated[tuple[ProfileAttempt, ...], Field(min_length=1, alias="attempt"), Listed]

    @field_validator("attempts", mode="before")
    @classmethod
    def _in_full(cls, attempts: Any) -> Any:
        return in_full(attempts)

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

    @property
    def is_default(self) -> bool:
        """Whether it is in the grid when no client is chosen."""
        return self.sets is None or not DEFAULT_SETS.isdisjoint(self.sets)

    @cached_property
    def player(self) -> Player:
        """The client as it is played."""
        hellos = tuple(PlayedHello(attempt.template, attempt.causes) for attempt in self.attempts)
        return Player(hellos, self.client_limits, self.client_policy)

    @cached_property
    def client_limits(self) -> ClientLimits:
        """The limits in the engine's words."""
        limits = self.limits.model_dump()
        if limits["message_length_alert"] == "none":
            limits["message_length_alert"] = None
        return ClientLimits(**limits)

    @cached_property
    def client_policy(self) -> ClientPolicy:
        """The policy in the engine's words."""
        policy = self.policy
        return ClientPolicy(
            warning_alert=policy.warning_alert,
            warning_answer=policy.warning_answer,
            missing_renegotiation_info=policy.missing_renegotiation_info,
            record_splitting=RecordSplitting(policy.record_splitting),
            renegotiation=Renegotiation(policy.renegotiation),
            hello_request=policy.hello_request,
            refuses_legacy_at=policy.refuses_legacy_at,
            refused_hello_request=policy.refused_hello_request,
            renegotiation_info=Placement(policy.renegotiation_info),
            renegotiation_session=policy.renegotiation_session,
            no_renegotiation=policy.no_renegotiation,
            closes_with=policy.closes_with,
            certificate_compression=policy.certificate_compression,
            application_settings=policy.application_settings,
            accepts=self.accepts.to_engine(),
            retry_hello=self.retry_hello.to_engine(),
            renegotiation_hello=self.renegotiation_hello.to_engine(),
        )


class Profiles(ByName[Profile]):
    """Profiles by id, sorted, read when they are asked for; the id is the file's name."""

    error = ProfileError
    shipped = BUNDLED_PROFILES

    @staticmethod
    def identity_of(path: Path) -> str:
        """The name of the file."""
        return path.stem

    @staticmethod
    def directory_of(path: Path) -> Path:
        """The folder of the file."""
        return path.parent

    @staticmethod
    def load(path: Path, document: Document | None, notes: Notes | None) -> Profile:
        """Read one. Raises ProfileError."""
        return _load(path, document, notes)

    @staticmethod
    def kept_in() -> Path:
        """Beside the stacks."""
        return parsed_folder()


def load_profiles(directories: Iterable[Path] = (BUNDLED_PROFILES,), notes: Notes | None = None) -> Profiles:
    """The profiles of every `*.toml` of `directories`; the user's are read at once, those that are shipped
    when they are asked for. Raises ProfileError with the faults of all files of the user.
    """
    profiles = Profiles(notes)
    together = Together()
    for directory in directories:
        with together:
            if not directory.is_dir():
                raise ProfileError(
                    f"{directory}: no such directory: name one that holds client profiles (*.toml)"
                )
        for path in sorted(directory.glob("*.toml")):
            if not path.name.startswith(GENUINE):
                with together:
                    profiles.add(path)
        if directory != BUNDLED_PROFILES:
            with together:
                profiles.read(directory)
    together.end(ProfileError)
    return profiles


def load_profile(path: Path, notes: Notes | None = None) -> Profile:
    """Read one profile; old keys and notations go into `notes`. Raises ProfileError."""
    return _load(path, None, notes)


def _load(path: Path, document: Document | None, notes: Notes | None) -> Profile:
    """Read a profile of a file, whose document is given where it was parsed already."""
    try:
        if document is None:
            profile = read_toml(path, Profile, ProfileError, notes)
        else:
            profile = read_document(document, path, Profile, ProfileError, notes)
    except ProfileError:
        _check_is_no_program(path)
        raise
    if path.parent != BUNDLED_PROFILES:  # of those that are shipped the tests know
        _check_evidence(profile, path)
    return profile


def _check_evidence(profile: Profile, path: Path) -> None:
    """Raise ProfileError where a profile claims recorded bytes that it does not send, or that are not in the
    file of their name. A name of no such file is a word for people.
    """
    together = Together()
    for index, attempt in enumerate(profile.attempts):
        with together:
            wrong = None if attempt.evidence is None else _wrong_evidence(attempt.evidence, attempt, path)
            if wrong is not None:
                place: Place = ("attempt", index, EVIDENCE)
                line = toml_document(path).line_of(place)
                raise ProfileError(Fault(place, wrong, line).said_of(str(path)))
    together.end(ProfileError)


def _wrong_evidence(name: str, attempt: ProfileAttempt, path: Path) -> str | None:
    recorded = recorded_hello(name, path)
    if recorded is not None:
        try:
            found = recorded.differences_of(attempt.template)
            wrong = f"{name!r} was recorded otherwise, {found}: mend the hello, or drop evidence"
        except PeerFault as fault:
            return f"{name!r} is not this hello, which cannot be read ({fault}): mend it, or drop evidence"
        return wrong if found.offsets else None
    others = names_like(name, path)
    near = nearest(name, others)
    advice = "drop evidence" if near is None else f"did you mean {near}?"
    return (
        f"{name!r} is not in {name.partition('/')[0]}.json, the file of its name: {advice}"
        if others
        else None
    )


def _check_is_no_program(path: Path) -> None:
    """Raise ProfileError where a file has a genuine program, which its name does not say."""
    try:
        document = toml_document(path)
    except UnusableFile:
        return
    identity = document.content.get("id")
    if isinstance(identity, str) and identity.startswith(GENUINE):
        advice = (
            f"is {identity!r}, which is that of a genuine program: name the file {identity}.toml (its name "
            f"and the id have to be equal and begin with {GENUINE}), or give a profile another id"
        )
        raise ProfileError(Fault(("id",), advice, document.line_of(("id",))).said_of(str(path)))


def profile_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile, for editors."""
    schema = Profile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "TLS client profile",
    }
