"""What a run is asked to do, as one value; each option is written once, here.

The fields of `RunOptions` are the options of `tls-matrix run` and of pytest alike: `pytest_arguments` and
`signature` make both from a field's type, its default and its `About`.
"""

import argparse
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from msgspec import Struct

from clients.pace import DEFAULT_RATE
from clients.starttls import PROTOCOLS
from matrix.history.place import VARIABLE
from matrix.plan.bounds import RATE, SECONDS, Bounds
from matrix.results.evidence_wanted import EvidenceWanted

Texts = tuple[str, ...]


class Backend(StrEnum):
    """How servers are started."""

    PROCESS = "process"
    DOCKER = "docker"


class About(Struct, frozen=True):
    """What an option is for, how its value is written, and what numbers it takes."""

    help_text: str
    metavar: str | None = None
    bounds: Bounds | None = None


_SERVER = (
    "Servers by id. With ,program=/PATH behind the id, openssl-s_server, gnutls and nss run a program of "
    "your own build; nothing is expected of it."
)

_TARGET = (
    "A server that is already running; no other is tested then, but for those of --server. PROTOCOL is "
    f"{', '.join(PROTOCOLS)}; with http-connect HOST:PORT is the proxy, and to=HOST:PORT the destination of "
    "its CONNECT request. cert= and key= are PEM files of a certificate that clients send."
)


_FAIL_ON = (
    "What else gives exit status 1, separated by commas: unmeasured (cells without a result), fails, noted."
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Patterns are shell patterns; an empty tuple chooses the default. `out` None is a new folder under
    reports/.
    """

    server: Annotated[Texts, About(_SERVER, "PAT")] = ()
    levels: Annotated[
        Texts,
        About(
            "Levels of servers by id; the toggles apply to each level that has them.",
            "PAT[,TOGGLE=VALUE]",
        ),
    ] = ()
    client: Annotated[
        Texts,
        About(
            "Clients by id, or set:NAME for those of a set (see list sets); default: set:core and set:today.",
            "PAT",
        ),
    ] = ()
    scenario: Annotated[Texts, About("Scenarios by id.", "PAT")] = ()
    target: Annotated[
        Texts, About(_TARGET, "NAME=HOST:PORT[,sni=NAME][,starttls=PROTOCOL][,cert=FILE,key=FILE]")
    ] = ()
    matrix: Annotated[
        Path | None,
        About("A site's targets, groups and options in one file; what stands here counts before it.", "FILE"),
    ] = None
    group: Annotated[Texts, About("Only the targets of this group of the file of --matrix.", "NAME")] = ()
    backend: Annotated[Backend, About("How servers are started.")] = Backend.PROCESS
    baseline: Annotated[Path | None, About("Expect the results of this earlier run.", "RUN")] = None
    expectations: Annotated[
        Path | None,
        About("A folder with your own expectations, as in matrix/expectations.", "DIR"),
    ] = None
    out: Annotated[Path | None, About("The folder to write.", "DIR")] = None
    history: Annotated[
        Path | None,
        About(
            f"The history that the run is added to; default: what {VARIABLE} names, else "
            "reports/history.sqlite.",
            "FILE",
        ),
    ] = None
    force: Annotated[bool, About("Replace a run of other cells in --out DIR.")] = False
    time_limit: Annotated[
        float | None, About("End the run after this time; what was measured is written.", "SECONDS", SECONDS)
    ] = None
    fail_on: Annotated[Texts, About(_FAIL_ON, "LIST")] = ()
    shard: Annotated[
        str | None,
        About("Run this part of the cells, of so many; `report merge` makes one run of all parts.", "I/N"),
    ] = None
    evidence: Annotated[EvidenceWanted, About("Cells whose transcripts are kept.")] = EvidenceWanted.FAILURES
    timeout: Annotated[
        float,
        About(
            "Seconds for each connection attempt: TCP, STARTTLS, handshake and answer together. Some mail "
            "servers delay their greeting by 6 seconds or more.",
            "SECONDS",
            SECONDS,
        ),
    ] = 2.0
    rate: Annotated[
        float | None,
        About(
            f"Connections per second to one target; default {DEFAULT_RATE:g} where it is not on loopback.",
            "NUMBER",
            RATE,
        ),
    ] = None
    explain: Annotated[
        bool, About("Find what in the hello is to blame for each distinct failure: dozens of hellos each.")
    ] = False
    servers_dir: Annotated[tuple[Path, ...], About("A folder with servers of your own.", "DIR")] = ()
    clients_dir: Annotated[tuple[Path, ...], About("A folder with clients of your own.", "DIR")] = ()

    def to_arguments(self) -> list[str]:
        """Write the options as pytest takes them; paths become absolute, because pytest may run elsewhere."""
        arguments = []
        for each in fields(self):
            value = getattr(self, each.name)
            if _kind(each) is bool:
                arguments += [_flag(each)] if value else []
                continue
            for item in value if isinstance(value, tuple) else () if value is None else (value,):
                text = str(item.absolute()) if isinstance(item, Path) else str(item)
                arguments.append(f"{_flag(each)}={text}")
        return arguments


def options_from(given: Any) -> RunOptions:
    """Read the options from an object that has them as attributes (pytest's `config.option`)."""
    return options_given({each.name: getattr(given, each.name) for each in fields(RunOptions)})


def options_given(given: Mapping[str, Any]) -> RunOptions:
    """Read the options from a mapping that has them by name: what typer has parsed."""
    values: dict[str, Any] = {
        each.name: tuple(given[each.name] or ()) if _is_repeatable(each) else given[each.name]
        for each in fields(RunOptions)
    }
    return RunOptions(**values)


def pytest_arguments() -> Iterator[tuple[str, dict[str, Any]]]:
    """For each option its flag and what `pytest.Parser.addoption` takes of it."""
    for each in fields(RunOptions):
        kind, about = _kind(each), _about(each)
        more: dict[str, Any] = {"help": about.help_text, "default": each.default}
        if _is_repeatable(each):
            more |= {"action": "append", "default": []}
        if kind is bool:
            more |= {"action": "store_true"}
        elif issubclass(kind, StrEnum):
            more |= {"type": kind, "choices": list(kind)}
        else:
            more |= {
                "type": kind if about.bounds is None else _reader(about.bounds),
                "metavar": about.metavar,
            }
        yield _flag(each), more


def signature(completions: Mapping[str, Callable[..., list[str]]]) -> list[inspect.Parameter]:
    """The options as keyword parameters of a command of typer's; `completions` give what a shell may complete
    of an option's value, by the field's name.
    """
    import typer  # not for the workers of a run, each of which would wait for it

    parameters = []
    for each in fields(RunOptions):
        kind, about = _kind(each), _about(each)
        is_repeatable = _is_repeatable(each)
        whole: Any = list[kind] if is_repeatable else kind  # type: ignore[valid-type]  # for typer alone
        annotation = whole | None if is_repeatable or each.default is None else whole
        option = typer.Option(
            _flag(each),
            help=about.help_text,
            metavar=about.metavar,
            **({} if about.bounds is None else about.bounds.of_option()),
            autocompletion=completions.get(each.name),
        )
        default = None if is_repeatable else each.default
        parameters.append(
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=Annotated[annotation, option],
            )
        )
    return parameters


def _flag(each: Field[Any]) -> str:
    return f"--{each.name.replace('_', '-')}"


def _is_repeatable(each: Field[Any]) -> bool:
    return isinstance(each.default, tuple)


def _about(each: Field[Any]) -> About:
    return next(part for part in get_args(each.type) if isinstance(part, About))


def _kind(each: Field[Any]) -> type[Any]:
    """The type of one value: that of a tuple's items, and of an optional value the one beside None."""
    whole = get_args(each.type)[0]
    parts = [part for part in get_args(whole) if part not in (type(None), Ellipsis)]
    kind: type[Any] = parts[0] if parts else whole
    return kind


def _reader(bounds: Bounds) -> Callable[[str], float]:
    """A reader of a number for argparse, which passes on no other error's text."""

    def read(text: str) -> float:
        try:
            return bounds.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text}: {error}") from error

    return read
