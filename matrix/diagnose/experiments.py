"""Clients that could be tried: each profile as it is, called by an address, and told each of its settings."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from clients.profile import Profile
from clients.setting import Setting, settings_of
from handshake.errors import LocalError
from handshake.features import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate
from matrix.diagnose.rows import Row, by_address, has_filled_name
from matrix.prediction import offered_cipher_suites, offered_versions


class Experiment(Struct, frozen=True):
    """A client that sends `hello` first. `setting` is what it is told, `is_by_address` whether it is called
    by an address and not by a name.
    """

    profile: Profile
    hello: HelloTemplate
    setting: Setting | None = None
    is_by_address: bool = False

    @property
    def label(self) -> str:
        """What it is called, as in a row."""
        told = f" with {self.setting.id}" if self.setting else ""
        return f"{self.profile.id}{told}{' by address' if self.is_by_address else ''}"

    @property
    def flight(self) -> FirstFlight:
        """The flight that is sent."""
        return flight_of(self.hello)

    @property
    def advice(self) -> str:
        """What to do, for a person."""
        called = "called by its address" if self.is_by_address else "called by its name"
        told = f", told {self.setting.how}" if self.setting else ""
        return f"{self.profile.title}{told}; the server {called}"


def experiments(
    profiles: Iterable[Profile], settings: Mapping[str, Setting], rows: Iterable[Row]
) -> Iterator[Experiment]:
    """Those whose hello nobody has tried yet, and that the server would probably answer if it minded nothing:
    each shares a version and a cipher suite with every hello that got through.
    """
    rows = list(rows)
    tried = {hello for row in rows for hello in row.hellos}
    answered = [row.hellos[0] for row in rows if row.works and len(row.hellos) == 1]
    for profile in profiles:
        for experiment in _of_profile(profile, settings):
            if experiment.hello not in tried and _can_be_answered(experiment, answered):
                yield experiment


def _of_profile(profile: Profile, settings: Mapping[str, Setting]) -> Iterator[Experiment]:
    first = profile.attempts[0].template
    yield Experiment(profile, first)
    if has_filled_name(first):
        yield Experiment(profile, by_address(first), is_by_address=True)
    for setting in settings_of(profile.id, settings):
        changed = setting.changed(first)
        if changed is not None:
            yield Experiment(profile, changed, setting)


def _can_be_answered(experiment: Experiment, answered: Iterable[HelloTemplate]) -> bool:
    limits = frozenset(experiment.profile.client_limits.versions)
    versions = offered_versions(experiment.hello) & (limits or offered_versions(experiment.hello))
    suites = set(offered_cipher_suites(experiment.hello))
    try:
        flight_of(experiment.hello)
    except LocalError:
        return False
    return all(
        versions & offered_versions(hello) and suites & set(offered_cipher_suites(hello))
        for hello in answered
    )
