"""The tables a server.toml is made of, each read strictly; how they are laid on top of each other is in
`servers.definition`.
"""

from collections.abc import Callable
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from definitions.fault import Mistakes, Place
from definitions.former import Former
from definitions.tables import ReadLater
from handshake.features import parse_feature
from handshake.reason import parse_cause
from handshake.server import ServerConfiguration
from handshake.wire.cipher_suites import CIPHER_SUITES, parse_cipher_suite
from handshake.wire.registry import parse_group, parse_signature_scheme, parse_version
from servers.certificate_toggle import certificate_layer, certificate_values
from servers.declared import (
    COMPLETED,
    PRIME_BITS,
    CertificateAsked,
    CertificateKind,
    CertificateRequest,
    Resumption,
    SignatureAlgorithms,
    SignatureCheck,
    SuitePreference,
    Willingness,
)
from servers.departure_toggle import departure_layer, departure_values
from servers.emulated.tables import model_of
from servers.intolerance import intolerance_layer, intolerance_values
from servers.own_program import program_values
from servers.sent_alert import parse_sent_alert, with_todays_word


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """A text stays as it is written, if `read` can read it."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


@cache
def suites_named_like(pattern: str) -> frozenset[int]:
    """The code points of the cipher suites whose IANA names match a shell pattern."""
    return frozenset(code for code, names in CIPHER_SUITES.items() if fnmatchcase(names.iana, pattern))


def _fitting_pattern(pattern: str) -> str:
    if not suites_named_like(pattern):
        raise ValueError(
            f"no cipher suite is called like {pattern!r}: write a pattern of IANA names, * and ?"
        )
    return pattern


def _completed_or_cause(becomes: str) -> object:
    return becomes == COMPLETED or parse_cause(becomes)


def _iso_date(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
VersionName = Annotated[str, _read_by(parse_version)]
CipherSuiteName = Annotated[str, _read_by(parse_cipher_suite)]
GroupName = Annotated[str, _read_by(parse_group)]
SignatureSchemeName = Annotated[str, _read_by(parse_signature_scheme)]
ProtocolName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
"""A name in ALPN (RFC 7301 section 3.1), here of printable ASCII."""
SentAlert = Annotated[str, _read_by(parse_sent_alert)]
Cause = Annotated[str, _read_by(parse_cause)]
CauseOrCompleted = Annotated[str, _read_by(_completed_or_cause)]
FeatureName = Annotated[str, _read_by(parse_feature)]
CipherSuitePattern = Annotated[str, AfterValidator(_fitting_pattern)]


class Table(BaseModel):
    """A table that refuses keys it does not know and values of another type."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class RenegotiationTable(Table):
    """[declared.renegotiation]: the keys are those of `DeclaredRenegotiation`."""

    former: ClassVar = tuple(
        Former(key, partial(with_todays_word, key))
        for key in ("refusal", "refusal_in_sslv3", "request_refusal", "requested_refusal")
    )

    allowed: Willingness | None = None
    client_initiated: bool | None = None
    legacy_hello: bool | None = None
    legacy_hello_refusal: Cause | None = None
    refusal: SentAlert | None = None
    refusal_in_sslv3: SentAlert | None = None
    request_refusal: SentAlert | None = None
    requested: CauseOrCompleted | None = None
    server_initiated: bool | None = None
    asks_anyway: bool | None = None
    requested_refusal: SentAlert | None = None
    not_requested: Cause | None = None


class RefusalsTable(Table):
    """[declared.refusals]: the keys are those of `DeclaredRefusals`."""

    sslv2_hello: Cause | None = None
    no_common_version: Cause | None = None
    no_common_version_in_sslv3: Cause | None = None
    no_common_cipher_suite: Cause | None = None
    no_common_group_in_tls13: Cause | None = None
    no_signature_algorithms: Cause | None = None
    inappropriate_fallback: Cause | None = None
    no_application_protocol: Cause | None = None
    no_server_name: Cause | None = None
    hello_with: dict[FeatureName, Cause] = {}
    application_protocols_in_tls13: Cause | None = None


class DeclaredTable(Table):
    """[declared]: what is stated in one layer; keys that are left out are the layer's below.

    The keys are those of `Declared`, versions, cipher suites and groups by name, and one more.
    """

    versions: list[VersionName] | None = None
    cipher_suites: list[CipherSuiteName] | None = None
    cipher_suites_without: list[CipherSuitePattern] = []
    """Patterns of IANA names ("TLS_ECDH*") that are taken away from `cipher_suites`, those of all layers."""
    sslv2_hello: bool | None = None
    certificates: list[CertificateKind] | None = None
    dh_prime_bits: Annotated[int, Field(ge=PRIME_BITS.start, lt=PRIME_BITS.stop)] | None = None
    named_groups: list[GroupName] | None = None
    needs_supported_groups: bool | None = None
    ecdsa_curve: GroupName | None = None
    signature_schemes: list[SignatureSchemeName] | None = None
    signature_algorithms: SignatureAlgorithms | None = None
    signature_check: SignatureCheck | None = None
    versions_last: bool | None = None
    fallback_scsv: bool | None = None
    needs_server_name: bool | None = None
    application_protocols: list[ProtocolName] | None = None
    renegotiation: RenegotiationTable = RenegotiationTable()
    resumption: list[Resumption] | None = None
    resumption_needs_extended_master_secret: bool | None = None
    forgets_sessions: bool | None = None
    preference: SuitePreference | None = None
    refusals: RefusalsTable = RefusalsTable()
    client_certificate: CertificateRequest | None = None
    client_certificate_asked: list[CertificateAsked] | None = None
    missing_certificate: str | None = None
    missing_certificate_in_tls13: str | None = None

    @field_validator("cipher_suites")
    @classmethod
    def _named_once(cls, names: list[str] | None) -> list[str] | None:
        codes = [parse_cipher_suite(name) for name in names or []]
        twice: list[tuple[Place, str]] = [
            ((index,), f"{name!r} is there already: keep the one in its place")
            for index, name in enumerate(names or [])
            if codes[index] in codes[:index]
        ]
        if twice:
            raise Mistakes(twice)
        return names


class Layer(Table):
    """A place to state facts: `declared` is for everyone, `emulation` for the program that emulates, which
    reads it when all layers are laid on top of each other. `protocol` is what the protocol of `starttls` is
    told; each says which settings it has.
    """

    declared: DeclaredTable = DeclaredTable()
    emulation: Annotated[dict[str, Any], ReadLater(model_of(ServerConfiguration))] = {}
    protocol: dict[str, str] = {}


class Level(Layer):
    """[levels.NAME]: a version or patch level.

    `stack` is what it is made of, `stacks` the ids of what must be fetched for it, `like` where it starts
    from, `default` whether it is in the grid that runs when nothing is chosen (if its server is).
    """

    title: str
    stack: str
    stacks: list[Name] = []
    default: bool = True
    released: Annotated[str, BeforeValidator(_iso_date)] = ""
    note: str = ""
    like: str | None = None


class ToggleValue(Layer):
    """[toggles.NAME.when.VALUE]: what the value changes; `levels` that have it, if not all; `at` a level (and
    those that are `like` it) what it changes there besides.
    """

    levels: list[str] | None = None
    at: dict[str, Layer] = {}


class Toggle(Table):
    """[toggles.NAME]: a setting of the server; the default value is not written in a server id.

    `defaults` names the levels whose default is another. `once_connected`: it changes nothing before that, so
    that what is expected of a connect is the same. `departures`: the values are "none", the default, and all
    departures from the RFCs that an emulated server can have (`handshake.server.departures`), with
    `intolerances` all of the catalogue (`servers.intolerance`). `program`: any path of a program is a value
    besides "system", the default (`servers.own_program`). `certificates`: they are "ordinary", the default,
    and kinds of certificates (`servers.credentials.KINDS`), all that are not left out of `values`. `remedy`
    is what it takes to change it, where clients fail: a "setting", another "provider", a "newer-stack",
    another "certificate"; "none" where no operator can, since it is a hypothesis or is there for tests.
    """

    title: str
    values: Annotated[list[Name], Field(min_length=1)]
    default: str
    defaults: dict[str, str] = {}
    once_connected: bool = False
    note: str = ""
    levels: list[str] | None = None
    when: dict[str, ToggleValue] = {}
    departures: bool = False
    intolerances: bool = False
    program: bool = False
    certificates: bool = False
    remedy: Literal["setting", "provider", "newer-stack", "certificate", "none"] = "setting"

    @model_validator(mode="before")
    @classmethod
    def _with_all_values(cls, table: Any) -> Any:
        if isinstance(table, dict) and table.get("departures") is True:
            return {"remedy": "none", **departure_values(), **table}
        if isinstance(table, dict) and table.get("intolerances") is True:
            return {"remedy": "none", **intolerance_values(), **table}
        if isinstance(table, dict) and table.get("program") is True:
            return {"remedy": "none", **program_values(), **table}
        if isinstance(table, dict) and table.get("certificates") is True:
            return {"remedy": "certificate", **certificate_values(), **table}
        return table

    @model_validator(mode="after")
    def _leaves_a_choice(self) -> Self:
        if len(self.values) < 2 and not self.program:
            raise Mistakes([(("values",), "has one value: add another, or drop the toggle")])
        return self

    def values_at(self, level: str) -> tuple[str, ...]:
        """The values that exist at a level, in the order written; none when the level lacks the toggle."""
        if self.levels is not None and level not in self.levels:
            return ()
        return tuple(value for value in self.values if self._exists(value, level))

    def layer(self, value: str) -> ToggleValue | None:
        """What a value changes; None for nothing."""
        written = self.when.get(value)
        if self.departures and written is None:
            return ToggleValue.model_validate(departure_layer(value))
        if self.intolerances and written is None:
            return ToggleValue.model_validate(intolerance_layer(value))
        if self.certificates:
            given = {} if written is None else written.model_dump(exclude_unset=True)
            return ToggleValue.model_validate({**certificate_layer(value), **given})
        return written

    def default_at(self, level: str) -> str:
        """The value that stands for nothing said, at a level."""
        return self.defaults.get(level, self.default)

    def _exists(self, value: str, level: str) -> bool:
        layer = self.when.get(value)
        return layer is None or layer.levels is None or level in layer.levels
