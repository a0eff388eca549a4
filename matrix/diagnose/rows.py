"""From observations to rows: which hellos were sent, and whether they got through, as far as was seen.

A client that silently tries again has sent several hellos. What is known of each follows from the outcome.
One that fails has at least had its first hello refused. One that works has got through with some hello of its
ladder, and with which is not known unless the observation says so. Pure but for files that hold hellos.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from clients.player import Player
from clients.profile import Profile
from clients.setting import Setting
from definitions.fault import Fault, lines_of, named, near_words
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.reason import Cause, Kind
from matrix.diagnose.observations import CalledBy, Entry, ObservationError, Observations
from matrix.judgement.outcome import Outcome

_NAMES = (Fill.SERVER_NAME, Fill.DOTTED_SERVER_NAME)
_CLIENTS_OWN = frozenset({Kind.POLICY, Kind.UNSUPPORTED})
_NEVER_THERE = frozenset({Kind.REFUSED, Kind.UNREACHABLE, Kind.UNRESOLVED})


class Row(Struct, frozen=True):
    """What is known of some hellos of one client: all of them failed, or at least one got through (`works`).

    `unknown` says why nothing is known of it after all, empty where something is.

    `label` is what it is called, `line` where it stands in its file; `confidence` is how sure it is that the
    client sends these hellos ("high", "medium", "low"), `is_sure` whether somebody is sure of what he saw.
    """

    label: str
    hellos: tuple[HelloTemplate, ...]
    works: bool
    cause: Cause | None = None
    is_sure: bool = True
    confidence: str = "high"
    line: int | None = None
    unknown: str = ""

    @property
    def where(self) -> str:
        """The label, and the line of the file."""
        return self.label if self.line is None else f"{self.label} (line {self.line})"

    @property
    def useless(self) -> str:
        """Why it says nothing about what the server minds; empty where it does."""
        if self.unknown:
            return self.unknown
        if self.cause is not None and self.cause.kind in _CLIENTS_OWN:
            return f"was ended by the client itself ({self.cause})"
        if self.cause is not None and self.cause.kind in _NEVER_THERE:
            return f"sent no hello ({self.cause})"
        return ""


ReadHellos = Callable[[str], Sequence[HelloTemplate]]
"""Reads the hellos in a file; raises UnusableFile."""


def rows_of(
    source: str,
    observations: Observations,
    profiles: Mapping[str, Profile],
    settings: Mapping[str, Setting],
    read_hellos: ReadHellos,
) -> list[Row]:
    """The rows of a file called `source`. Raises ObservationError with each name in it that means nothing."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for index, entry in enumerate(observations.observations):
        line = observations.line_of(index)
        wrong = list(_unknown(entry, profiles, settings))
        faults += [Fault(("observation", index, key), text, line) for key, text in wrong]
        if not wrong:
            found = _of_file(entry, read_hellos) if entry.hello else _of_client(entry, profiles, settings)
            rows += [replace(row, line=line) for row in found]
    if faults:
        raise ObservationError(*lines_of(source, faults))
    return rows


def by_address(template: HelloTemplate) -> HelloTemplate:
    """The hello of a client that was told an address: without the name that it fills in."""
    if template.extensions is None:
        return template
    left = tuple(extension for extension in template.extensions if not _is_filled(extension))
    return replace(template, extensions=left)


def has_filled_name(template: HelloTemplate) -> bool:
    """Whether the name that the client was told stands in the hello."""
    return any(map(_is_filled, template.extensions or ()))


def _is_filled(extension: ExtensionTemplate) -> bool:
    return extension.fill in _NAMES


def _unknown(
    entry: Entry, profiles: Mapping[str, Profile], settings: Mapping[str, Setting]
) -> Iterator[tuple[str, str]]:
    """The keys of an entry that name what does not exist, and what to write."""
    if entry.client is None:
        return
    profile = profiles.get(entry.client)
    if profile is None:
        yield "client", f"there is no client {entry.client!r}: {_instead(entry.client, profiles, 'clients')}"
        return
    count = len(profile.attempts)
    if entry.attempt is not None and entry.attempt > count:
        has = "one hello" if count == 1 else f"{count} hellos"
        yield "attempt", f"is {entry.attempt}, and {entry.client} has {has}: write 1 to {count}"
    if entry.outcome is Outcome.WORKS_AFTER_FALLBACK and count == 1:
        yield "outcome", f"{entry.client} has one hello and never tries again: write works or fails"
    for name in entry.settings:
        if name not in settings:
            yield "settings", f"there is no setting {name!r}: {_instead(name, settings, 'settings')}"
        elif not settings[name].fits(entry.client):
            yield (
                "settings",
                f"{name} is for {named(settings[name].clients)}, not for {entry.client}: drop it",
            )
        elif settings[name].told(profile.player) is None:
            yield "settings", f"{name} changes nothing in the hello of {entry.client}: drop it"


def _instead(name: str, known: Mapping[str, object], what: str) -> str:
    near = near_words(name, known)
    return f"did you mean {named(near)}?" if near else f"see `tls-matrix list {what}`"


def _of_client(
    entry: Entry, profiles: Mapping[str, Profile], settings: Mapping[str, Setting]
) -> Iterator[Row]:
    assert entry.client is not None, "what has no file has a client"
    profile = profiles[entry.client]
    player = _told(profile.player, [settings[name] for name in entry.settings])
    hellos = (
        player.templates if entry.called_by is CalledBy.NAME else tuple(map(by_address, player.templates))
    )
    told = "".join(f" with {name}" for name in entry.settings)
    label = f"{entry.client}{told}{' by address' if entry.called_by is CalledBy.ADDRESS else ''}"
    blank = Row(label, (), True, None, entry.sure, profile.provenance.confidence)
    several = len(hellos) > 1
    for works, attempts in _seen(entry, len(hellos)):
        which = f", attempt {attempts[0] + 1}" if several and len(attempts) == 1 else ""
        yield replace(
            blank,
            label=f"{label}{which}",
            hellos=tuple(hellos[index] for index in attempts),
            works=works,
            cause=None if works else entry.reason,
        )


def _seen(entry: Entry, count: int) -> list[tuple[bool, tuple[int, ...]]]:
    """Whether hellos of a ladder got through, and which, from 0."""
    chosen = None if entry.attempt is None else min(entry.attempt, count) - 1
    match entry.outcome:
        case Outcome.WORKS:
            return [(True, tuple(range(count)) if chosen is None else (chosen,))]
        case Outcome.WORKS_AFTER_FALLBACK:
            return [(False, (0,)), (True, tuple(range(1, count)) if chosen is None else (chosen,))]
        case _:
            return [(False, (chosen or 0,))]


def _told(player: Player, settings: Sequence[Setting]) -> Player:
    for setting in settings:
        player = setting.told(player) or player
    return player


def _of_file(entry: Entry, read_hellos: ReadHellos) -> Iterator[Row]:
    assert entry.hello is not None, "what has no client has a file"
    works = entry.outcome is not Outcome.FAILS
    for hello in read_hellos(entry.hello):
        yield Row(entry.hello, (hello,), works, None if works else entry.reason, entry.sure)
