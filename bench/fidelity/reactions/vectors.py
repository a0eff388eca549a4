"""The reactions of genuine programs as they are kept: `tests/vectors/client-reactions.json`.

A row is `[departure, does, after, warnings, hellos, closes with]`, under the program's id, with
the date of the measurement. A row is not kept where the client gave the departure no occasion, nor where it
says nothing but that a program waits for ever, or goes on at something that is there for its user's
protection. How it closes is empty where it did not go on, and where it was ended, as
a browser is, or the server ended otherwise than it should.
"""

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clients.reaction import Does, Reaction

FILE = Path(__file__).parents[3] / "tests" / "vectors" / "client-reactions.json"
LIBRARIES_FILE = FILE.with_name("library-reactions.json")
"""The same of libraries without their program; no command here measures them (tests/vectors/SOURCES.md)."""
ABOUT = (
    "What genuine client programs do about the departures of reference@rfc, measured by "
    "python -m bench.fidelity.reactions --write. A row: departure, what the client does, after what of its "
    "own, the warnings it sends, how many hellos, how it closes where it went on."
)
PROTECTING = frozenset(
    {
        "certificate-entry-empty",
        "certificate-list-leaf-last",
        "certificate-of-another-kind",
        "cipher-suite-of-tls12-in-tls13",
        "delegated-credential-expired",
        "delegated-credential-of-another-scheme",
        "delegated-credential-scheme-not-offered",
        "delegated-credential-signature-differs",
        "delegated-credential-time-differs",
        "delegated-credential-valid-for-too-long",
        "delegated-credential-without-usage",
        "encrypted-extensions-in-clear",
        "extended-master-secret-lost-in-renegotiation",
        "finished-begins-before-change-cipher-spec",
        "renegotiation-info-changed",
        "renegotiation-info-cut-off",
        "renegotiation-info-lost",
        "renegotiation-info-not-empty",
        "renegotiation-info-of-a-first-handshake",
        "signature-scheme-not-offered",
        "signature-scheme-of-tls12-in-tls13",
        "tls13-flight-in-clear",
        "tls13-message-across-the-change-of-keys",
        "version-lower-in-renegotiation",
    }
)
"""Departures whose refusal protects: a reaction is kept where it is one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one program: reactions by departure; `profile` is the one that plays it."""

    program: str
    profile: str
    date: str
    reactions: Mapping[str, Reaction]


UNSTEADY = frozenset({"ecdhe-point-too-short", "hello-request-unasked"})
"""Departures that stacks meet in one way or the other by chance: the point is drawn for each handshake, and
the client's request crosses the HelloRequest.
"""


UNSTEADY_OF: Mapping[str, frozenset[str]] = {
    # Behind the handshake of TLS 1.3: in 1 to 4 of 10 visits or so, the answer is there before
    # the message is refused, or close_notify goes out before the FIN.
    "erlang-25": frozenset(
        {
            "certificate-request-after-handshake",
            "key-update-empty",
            "key-update-of-two-bytes",
            "key-update-value-2",
            "tls13-alert-level-fatal-user-canceled",
            "tls13-change-cipher-spec-after-handshake",
            "tls13-hello-request-after-handshake",
            "tls13-ticket-cut-off",
            "tls13-ticket-trailing-byte",
            "tls13-two-alerts-in-one-record",
            "tls13-unknown-message-after-handshake",
            "tls13-warning-unknown-after-handshake",
            "tls13-warning-unrecognized-name-after-handshake",
            "tls13-warning-user-canceled-after-handshake",
        }
    ),
    # Refused where the signature is as long as one of its key can be (tls_process_cert_verify): one in four.
    "openssl-1.1.1": frozenset({"certificate-verify-trailing-byte"}),
    "openssl-3.0.5": frozenset({"certificate-verify-trailing-byte"}),
    "openssl-3.1.4": frozenset({"certificate-verify-trailing-byte"}),
}
"""The same for the program of one profile."""


def is_kept_of(profile: str, departure: str, reaction: Reaction) -> bool:
    """Whether a row of the program that this profile plays is kept."""
    return departure not in UNSTEADY_OF.get(profile, ()) and is_kept(departure, reaction)


def is_kept(departure: str, reaction: Reaction) -> bool:
    """Whether a row is kept."""
    if departure in UNSTEADY or reaction.does == Does.WAITS:
        return False
    return departure not in PROTECTING or reaction.does != Does.GOES_ON


def read_vectors(path: Path = FILE) -> list[Measured]:
    """Read the file."""
    content = json.loads(path.read_text())
    return [
        Measured(
            program,
            entry["profile"],
            entry["date"],
            {
                name: Reaction(does, after, tuple(warnings), hellos, closes_with)
                for name, does, after, warnings, hellos, closes_with in entry["reactions"]
            },
        )
        for program, entry in content["programs"].items()
    ]


def renewed(
    before: Iterable[Measured], measured: Iterable[Measured], asked: Container[str]
) -> list[Measured]:
    """What was kept before with what is measured now. Profiles whose program was not measured stay as they
    are; of one that was, so do the rows of the departures that were not `asked`, if it is the same program.
    """
    kept = {each.profile: each for each in before}
    for each in measured:
        earlier = kept.get(each.profile)
        rows: dict[str, Reaction] = {}
        if earlier is not None and earlier.program == each.program:
            rows = {name: one for name, one in earlier.reactions.items() if name not in asked}
        kept[each.profile] = replace(each, reactions=rows | dict(each.reactions))
    return sorted(kept.values(), key=lambda each: each.profile)


def write_vectors(measured: Iterable[Measured], path: Path = FILE) -> None:
    """Write the file, a row a line."""
    programs: dict[str, Any] = {}
    for each in measured:
        rows = [
            [name, one.does, one.after, list(one.warnings), one.hellos, one.closes_with]
            for name, one in each.reactions.items()
        ]
        programs[each.program] = {"profile": each.profile, "date": each.date, "reactions": rows}
    lines = [f' "about": {json.dumps(ABOUT)},', ' "programs": {']
    for number, (program, entry) in enumerate(programs.items()):
        lines.append(
            f'  {json.dumps(program)}: {{"profile": {json.dumps(entry["profile"])}, '
            f'"date": {json.dumps(entry["date"])}, "reactions": ['
        )
        lines.append(",\n".join(f"   {json.dumps(row)}" for row in entry["reactions"]))
        lines.append("  ]}" + ("," if number + 1 < len(programs) else ""))
    path.write_text("\n".join(("{", *lines, " }", "}")) + "\n")
