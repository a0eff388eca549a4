"""`tls-matrix connect CLIENT HOST:PORT`: one client, one server, and everything that went over the wire."""

from typing import Annotated

import typer
from rich.text import Text

from clients import prelude
from clients.connect import connect as connect_client
from clients.destination import parse_destination
from clients.observation import Attempt, Observation
from clients.starttls import PROTOCOLS
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import version_name
from matrix.commands import completion
from matrix.commands.options import ClientsDir, Json, Timeout, console, one_line_errors, tell, write_out
from matrix.errors import EXIT_AS_EXPECTED, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Expectation, Outcome, Verdict
from matrix.plan.loading import PROGRAMS_LISTED_BY, choose_profile, load_all_profiles
from matrix.prediction import offered_version_name
from matrix.results.evidence import evidence_of, to_plain
from matrix.results.key_log_file import add_to_key_log_file, check_key_log_file
from matrix.results.run_file import to_json
from matrix.wording import printable, reason_in_words

_BYTES_SHOWN = 24
_PROGRAMS_ARE_RUN = (
    "connect plays profiles; a genuine program is run by tls-matrix run --client '{}' --target {} "
    f"(see `{PROGRAMS_LISTED_BY}`)"
)


def connect(
    client: Annotated[
        str,
        typer.Argument(
            help="The client profile to play.", show_default=False, autocompletion=completion.one_client
        ),
    ],
    address: Annotated[
        str,
        typer.Argument(
            metavar="[NAME=]HOST:PORT[,sni=NAME][,starttls=PROTOCOL]",
            help="Where the server listens, as `run --target` has it (without NAME if you like), and what is "
            f"spoken before TLS: {', '.join(PROTOCOLS)}.",
            show_default=False,
        ),
    ],
    timeout: Timeout = 2.0,
    json: Json = False,
    clients_dir: ClientsDir = None,
) -> None:
    """Connect one client to a server, with its fallbacks, and show the transcript.

    Exit status: 0 it works (with or without fallback), 1 it does not, 2 the command line has errors, 3 no
    server answers.
    """
    with one_line_errors() as notes:
        check_key_log_file()
        profiles = load_all_profiles(clients_dir or (), notes)
        destination = parse_destination(address)
        profile = choose_profile(client, profiles, _PROGRAMS_ARE_RUN.format(client, _as_target(address)))
    observation = connect_client(profile.player, destination, deadline_seconds=timeout)
    unwritten = add_to_key_log_file(line for each in observation.connections for line in each.key_log)
    if unwritten:
        tell(f"tls-matrix: {unwritten}")
    judgement = judge(observation, Expectation(), frozenset())
    offered = [offered_version_name(attempt.template) for attempt in profile.attempts]
    if judgement.verdict is Verdict.HARNESS_ERROR:
        words = judgement.reason and reason_in_words(judgement.reason)
        tell(f"tls-matrix: {address}: {words or judgement.note}; correct the address or start the server")
        raise typer.Exit(EXIT_HARNESS)
    if json:
        found = {
            "client": profile.id,
            "outcome": judgement.outcome,
            "reason": judgement.reason and str(judgement.reason),
            "reason_detail": judgement.reason.detail.to_json() if judgement.reason else {},
            "note": judgement.note,
        }
        write_out(to_json({**to_plain(evidence_of(observation, offered)), **found}))
    else:
        _print(observation, offered)
        said = reason_in_words(judgement.reason, judgement.note) if judgement.reason else "no attempt failed"
        _line(
            f"{profile.id} {judgement.outcome.value if judgement.outcome else 'was not judged'}: {said}",
            "bold",
        )
    raise typer.Exit(EXIT_NOT_AS_EXPECTED if judgement.outcome in (None, Outcome.FAILS) else EXIT_AS_EXPECTED)


def _as_target(address: str) -> str:
    """The address as `run --target` has it, which wants a name."""
    return address if "=" in address.partition(",")[0] else f"NAME={address}"


def _print(observation: Observation, offered: list[str]) -> None:
    for number, (attempt, version) in enumerate(zip(observation.attempts, offered, strict=False), start=1):
        _line(f"attempt {number}: {version}", "bold")
        _print_transcript(attempt)
        if attempt.negotiated is not None:
            agreed = attempt.negotiated
            _line(f"  agreed on {version_name(agreed.version)}, {cipher_suite_name(agreed.cipher_suite)}")
        if attempt.failure is not None:
            _line(f"  {attempt.failure.sentence}", "red")


def _print_transcript(attempt: Attempt) -> None:
    start = attempt.transcript[0].time if attempt.transcript else 0.0
    for number, entry in enumerate(attempt.transcript):
        if attempt.left_out is not None and number == attempt.left_out.after:
            _line(f"  ... {attempt.left_out.entries} more, {attempt.left_out.wire_bytes} bytes ...")
        arrow = "->" if entry.direction == "sent" else "<-"
        shown = entry.decrypted[:_BYTES_SHOWN].hex(" ") + (
            " ..." if len(entry.decrypted) > _BYTES_SHOWN else ""
        )
        if entry.kind == prelude.KIND:  # text mostly, and its name is that
            shown, name = entry.name, ""
        else:
            name = entry.name
        time = f"{(entry.time - start) * 1000:7.1f} ms"
        size = f"{len(entry.wire):>5} bytes"
        _line(f"  {time} {arrow} {entry.kind:<12} {name:<22} {size}  {shown}")


def _line(text: str, style: str = "") -> None:
    out = console()
    out.print(Text(printable(text), style=style), soft_wrap=True)
