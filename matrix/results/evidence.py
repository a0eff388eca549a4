"""Evidence: all that was seen of one cell, in a file of its own. Schema `tls-matrix/evidence/1`.

It holds what an observation holds, so that a saved run can be judged again, and beside it what the server
itself says of each connection. A transcript that is long has lost its middle and says how much that was
(`handshake.transcript`). `key_log` has the secrets of the connections: with them, and without any private
key, a capture can be decrypted. So the files are for their owner alone (mode 0600).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from clients.observation import Attempt, Ends, Observation, Probe, RenegotiationSeen
from handshake.events import Negotiated, TranscriptEntry
from handshake.reason import Detail, Reason, saved_reason
from handshake.transcript import LeftOut
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import group_name, version_name
from matrix.errors import UnreadableRun
from matrix.judgement.outcome import Outcome
from matrix.results.files import to_json, write_whole

SCHEMA: Literal["tls-matrix/evidence/1"] = "tls-matrix/evidence/1"
EVIDENCE = "evidence"
"""The folder of them in a run's folder."""
SCHEMA_FILE = Path(__file__).parents[1] / "schema" / "evidence-1.json"

HexBytes = Annotated[
    bytes,
    BeforeValidator(lambda value: bytes.fromhex(value) if isinstance(value, str) else value),
    PlainSerializer(bytes.hex, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^([0-9a-f]{2})*$"}),
]
"""Bytes, in hex."""

POINTS = ("version", "cipher_suite", "group")
"""What a connection agrees on that has a number."""
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""No run was before: a capture has no moment before 1970, and a clock may have gone back a little."""


def _checked(reason: str) -> str:
    """Text that reads as a reason, also one of a later version. Raises ValueError."""
    return str(saved_reason(reason))


def _with_all_points(points: dict[str, int | None]) -> dict[str, int | None]:
    """The numbers of all that was agreed on. Raises ValueError."""
    missing = [name for name in POINTS if name not in points]
    if missing:
        raise ValueError(f"lacks {missing[0]}")
    return points


def _since_there_are_runs(moment: datetime) -> datetime:
    """A moment at which there can have been a run. Raises ValueError."""
    if moment.tzinfo is None or moment < EARLIEST:
        raise ValueError(f"is no moment with its zone from {EARLIEST:%Y} on")
    return moment


def _with_addresses(ends: Ends) -> Ends:
    """Ends whose addresses and ports are some. Raises ValueError."""
    for address, port in ((ends.client_address, ends.client_port), (ends.server_address, ends.server_port)):
        ip_address(address.partition("%")[0])
        if port not in range(1 << 16):
            raise ValueError(f"{port} is no port")
    return ends


ReasonText = Annotated[str, AfterValidator(_checked)]
Seconds = Annotated[float, Field(ge=-1e6, le=1e9)]
KeyLogLine = Annotated[str, Field(pattern=r"^[ -~]*$")]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record or message, or the beginning of one (`unfinished`). `time`: seconds from the first entry."""

    direction: str
    kind: str
    name: str
    time: Seconds
    wire: HexBytes
    decrypted: HexBytes


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a connection agreed on, in names and, in `code_points`, in numbers."""

    version: str
    cipher_suite: str
    group: str | None
    renegotiation_info: bool
    code_points: Annotated[dict[str, int | None], AfterValidator(_with_all_points)]
    dh_prime_bits: int | None = None
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    is_resumed: bool = False


@dataclass(frozen=True, slots=True)
class ServerView:
    """What the server itself says of a connection; its log as lines."""

    version: str | None = None
    cipher_suite: str | None = None
    alert_sent: str | None = None
    reason: str | None = None
    log: list[str] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSeen:
    """One TCP connection. `version` names what its hello offers; `client_port` is null where nobody
    accepted; `segment_size` is the most bytes that went out in one TCP segment, null where it is not known,
    as with `ends`. `first_entry_after` are the seconds from `started` to the transcript's first entry.
    """

    version: str
    outcome: Outcome
    reason: ReasonText | None
    reason_detail: dict[str, Any]
    hello_version: int
    sslv2_format: bool
    negotiated: Agreed | None
    started: Annotated[datetime, AfterValidator(_since_there_are_runs)]
    seconds: Seconds
    client_port: int | None
    transcript: list[Entry]
    left_out: LeftOut | None
    key_log: list[KeyLogLine]
    server_view: ServerView | None = None
    segment_size: int | None = None
    ends: Annotated[Ends, AfterValidator(_with_addresses)] | None = None
    first_entry_after: Seconds | None = None


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """One connection of a scenario that asks with changed hellos; `hello` says what is changed."""

    hello: str
    connection: ConnectionSeen


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What probes amount to: a reason, and its details."""

    reason: ReasonText
    reason_detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen of one cell. `verdict` and `reason` are as they were judged when it ran; null where
    there was no run. `fingerprints` are those of the certificates the server may show, empty for a target;
    `response` is the answer, a character a byte (ISO 8859-1). `words` are what a genuine client program said;
    `ends_well` that its exit status says it went well. `probes` are the connections with changed hellos that
    were made besides; those that only found a boundary are without a transcript.
    """

    certificate_sha256: str | None
    certificate_requested: bool
    response: str
    renegotiation: RenegotiationSeen | None
    attempts: list[ConnectionSeen]
    later: ConnectionSeen | None
    cell: str | None = None
    verdict: str | None = None
    reason: str | None = None
    fingerprints: list[str] = field(default_factory=list)
    words: str = ""
    ends_well: bool = False
    probes: list[ProbeSeen] = field(default_factory=list)
    conclusion: Conclusion | None = None
    schema: Literal["tls-matrix/evidence/1"] = SCHEMA

    @property
    def connections(self) -> list[ConnectionSeen]:
        """All connections, in order."""
        later = [] if self.later is None else [self.later]
        return [*self.attempts, *later, *(probe.connection for probe in self.probes)]


def evidence_of(observation: Observation, offered: Sequence[str]) -> Evidence:
    """Put down an observation; `offered` names what each attempt of the profile offers."""
    later = observation.later
    versions = [*offered, *[""] * len(observation.attempts)]
    probed = len(observation.attempts) - 1 if observation.is_answered else 0
    return Evidence(
        certificate_sha256=observation.certificate_sha256,
        certificate_requested=observation.certificate_requested,
        response=observation.response.decode("latin-1"),
        renegotiation=observation.renegotiation,
        attempts=[_seen(*pair) for pair in zip(observation.attempts, versions, strict=False)],
        later=None if later is None else _seen(later, versions[len(observation.attempts) - 1]),
        words=observation.words,
        ends_well=observation.ends_well,
        probes=[
            ProbeSeen(probe.hello, _seen(probe.attempt, versions[probed])) for probe in observation.probes
        ],
        conclusion=None
        if observation.conclusion is None
        else Conclusion(str(observation.conclusion), observation.conclusion.detail.to_json()),
    )


def observation_of(evidence: Evidence) -> Observation:
    """Read the observation back, to be judged again."""
    return Observation(
        tuple(map(_attempt, evidence.attempts)),
        evidence.certificate_sha256,
        evidence.response.encode("latin-1", "replace"),
        renegotiation=evidence.renegotiation,
        certificate_requested=evidence.certificate_requested,
        later=None if evidence.later is None else _attempt(evidence.later),
        words=evidence.words,
        ends_well=evidence.ends_well,
        probes=tuple(Probe(probe.hello, _attempt(probe.connection)) for probe in evidence.probes),
        conclusion=_reason_of(evidence.conclusion),
    )


def agreed(negotiated: Negotiated) -> Agreed:
    """Name what was agreed on."""
    group = negotiated.named_group
    return Agreed(
        version=version_name(negotiated.version),
        cipher_suite=cipher_suite_name(negotiated.cipher_suite),
        group=None if group is None else group_name(group),
        renegotiation_info=negotiated.renegotiation_info,
        code_points={
            "version": negotiated.version,
            "cipher_suite": negotiated.cipher_suite,
            "group": group,
        },
        dh_prime_bits=negotiated.dh_prime_bits,
        extended_master_secret=negotiated.extended_master_secret,
        encrypt_then_mac=negotiated.encrypt_then_mac,
        is_resumed=negotiated.is_resumed,
    )


def _seen(attempt: Attempt, version: str) -> ConnectionSeen:
    works = attempt.failure is None and attempt.negotiated is not None
    start = attempt.transcript[0].time if attempt.transcript else 0.0
    return ConnectionSeen(
        version=version,
        outcome=Outcome.WORKS if works else Outcome.FAILS,
        reason=None if attempt.failure is None else str(attempt.failure),
        reason_detail={} if attempt.failure is None else attempt.failure.detail.to_json(),
        hello_version=attempt.hello_version,
        sslv2_format=attempt.sslv2_format,
        negotiated=None if attempt.negotiated is None else agreed(attempt.negotiated),
        started=attempt.started,
        seconds=round(attempt.seconds, 6),
        client_port=attempt.client_port,
        transcript=[
            Entry(e.direction, e.kind, e.name, round(e.time - start, 6), e.wire, e.decrypted)
            for e in attempt.transcript
        ],
        left_out=attempt.left_out,
        key_log=list(attempt.key_log),
        segment_size=attempt.segment_size,
        ends=attempt.ends,
        first_entry_after=None if attempt.first_entry_after is None else round(attempt.first_entry_after, 6),
    )


def _reason_of(seen: ConnectionSeen | Conclusion | None) -> Reason | None:
    if seen is None or seen.reason is None:
        return None
    return replace(saved_reason(seen.reason), detail=Detail.from_json(seen.reason_detail))


def _attempt(seen: ConnectionSeen) -> Attempt:
    return Attempt(
        hello_version=seen.hello_version,
        sslv2_format=seen.sslv2_format,
        failure=_reason_of(seen),
        negotiated=None if seen.negotiated is None else _negotiated(seen.negotiated),
        transcript=tuple(
            TranscriptEntry(e.direction, e.kind, e.name, e.time, e.wire, e.decrypted) for e in seen.transcript
        ),
        started=seen.started,
        seconds=seen.seconds,
        client_port=seen.client_port,
        left_out=seen.left_out,
        key_log=tuple(seen.key_log),
        segment_size=seen.segment_size,
        ends=seen.ends,
        first_entry_after=seen.first_entry_after,
    )


def _negotiated(words: Agreed) -> Negotiated:
    points = words.code_points
    return Negotiated(
        version=points["version"] or 0,
        cipher_suite=points["cipher_suite"] or 0,
        named_group=points["group"],
        dh_prime_bits=words.dh_prime_bits,
        renegotiation_info=words.renegotiation_info,
        extended_master_secret=words.extended_master_secret,
        encrypt_then_mac=words.encrypt_then_mac,
        is_resumed=words.is_resumed,
    )


@cache
def evidence_adapter() -> TypeAdapter[Evidence]:
    """What reads and writes evidence; it takes a while to make."""
    return TypeAdapter(Evidence)


def to_plain(evidence: Evidence) -> dict[str, Any]:
    """The evidence as JSON types."""
    return dict(evidence_adapter().dump_python(evidence, mode="json"))


def json_schema() -> str:
    """Give the JSON Schema of a file of evidence, as shipped in `schema/evidence-1.json`."""
    schema = evidence_adapter().json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return to_json(schema)


def evidence_file(folder: Path, cell_id: str) -> Path:
    """Where the evidence of a cell lies in a run's folder."""
    return folder / EVIDENCE / f"{cell_id}.json"


def capture_file(evidence: Path) -> Path:
    """Where the capture of a cell lies: beside its evidence."""
    return evidence.with_name(f"{evidence.stem}.pcapng")


def write_evidence(folder: Path, evidence: Evidence) -> None:
    """Write the evidence of its cell into a run's folder, in one step. Raises OSError."""
    assert evidence.cell is not None, "evidence of a run has a cell"
    file = evidence_file(folder, evidence.cell)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, evidence_adapter().dump_json(evidence, indent=2) + b"\n", mode=0o600)


def add_views(folder: Path, cell_id: str, views: Sequence[ServerView | None]) -> None:
    """Add to the evidence of a cell what the server says of each connection; nothing where there is none.

    It was written by this program a moment ago, so it is not checked again. Raises OSError, and UnreadableRun
    for a file that is not as it was written.
    """
    file = evidence_file(folder, cell_id)
    try:
        content = msgspec.json.decode(file.read_bytes())
        later = [] if content["later"] is None else [content["later"]]
        probes = [probe["connection"] for probe in content["probes"]]
        for connection, view in zip((*content["attempts"], *later, *probes), views, strict=True):
            connection["server_view"] = None if view is None else asdict(view)
    except FileNotFoundError:  # it had to make room
        return
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableRun(f"{file}: is not as it was written ({error})") from error
    text = msgspec.json.format(msgspec.json.encode(content), indent=2)
    write_whole(file, text + b"\n", mode=0o600)


def read_evidence(folder: Path, cell_id: str) -> Evidence | None:
    """Read the evidence of a cell; None where there is none.

    Raises UnreadableRun for a file that is no evidence of this schema.
    """
    file = evidence_file(folder, cell_id)
    try:
        return evidence_adapter().validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableRun(f"{file}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UnreadableRun(f"{file}: {key}: {first['msg']}; it should be a {SCHEMA} file") from error
