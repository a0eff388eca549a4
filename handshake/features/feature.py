"""What every feature of a hello can do.

A feature is a value: two of the same name are equal. Its name is what is written for it in a server's
definition, and `handshake.features.parse_feature` reads it back. A new feature is one class in one file of
this folder; its docstring is its documentation (`tls-matrix list features`).
"""

import inspect
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Self

from msgspec import Struct, StructMeta

from handshake.errors import HandshakeError, LocalError
from handshake.features.flight import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate


class FeatureError(LocalError):
    """A hello cannot have, or cannot do without, a feature; the message is one line that says why."""


class _AbstractValue(StructMeta, ABCMeta):
    """Of values that must have certain methods."""


class Feature(Struct, frozen=True, metaclass=_AbstractValue):
    """Something a hello has or has not.

    A subclass is frozen, too. NOTATION is how it is written: a word, or a word, a colon and what the
    argument is. PHRASE completes "a hello with ..." in plain English, {} being the argument. `_has`, `_add`
    and `_remove` do the work.
    """

    NOTATION: ClassVar[str]
    PHRASE: ClassVar[str]

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """Everything that is written for features of this kind, and what it means."""
        paragraph = (inspect.getdoc(cls) or "").partition("\n\n")[0]
        return {cls.NOTATION: " ".join(paragraph.split())}

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """The feature written as `word`, or as `word:argument`. Raises ValueError."""
        return cls()

    @property
    def argument(self) -> str:
        """What stands behind the colon of the name."""
        return ""

    @property
    def name(self) -> str:
        """How it is written; `parse_feature` reads it back."""
        word, colon, _ = self.NOTATION.partition(":")
        return f"{word}{colon}{self.argument}"

    def __str__(self) -> str:
        return self.name

    def describe(self) -> str:
        """What it is in plain English, to go behind "a hello with"."""
        return self.PHRASE.format(*self._words())

    def present(self, flight: FirstFlight) -> bool:
        """Whether the hello has it."""
        return self._has(flight)

    def applies(self, flight: FirstFlight) -> bool:
        """Whether it means anything to ask: the order of two suites does if both are there."""
        return True

    def with_(self, template: HelloTemplate) -> HelloTemplate:
        """The hello with it, changed as little as that takes; the same if it has it.

        Raises FeatureError, one line, where that cannot be.
        """
        if self.present(flight_of(template)):
            return template
        return self._changed(template, self._add, "added", is_wanted=True)

    def without(self, template: HelloTemplate) -> HelloTemplate:
        """The hello without it, changed as little as that takes; the same if it does not have it.

        Raises FeatureError, one line, where that cannot be.
        """
        if not self.present(flight_of(template)):
            return template
        return self._changed(template, self._remove, "removed", is_wanted=False)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The features of this kind that a hello is made of; none of a kind that only sums up others."""
        return iter(())

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """Those that one of two hellos is made of and the other, which could have it, has not."""
        ours, theirs = dict.fromkeys(cls.found_in(first)), dict.fromkeys(cls.found_in(second))
        for feature in ours | theirs:
            if feature in ours and feature in theirs:  # both have it, as most where the hellos are alike
                continue
            is_fair = feature.applies(first) and feature.applies(second)
            if is_fair and feature.present(first) != feature.present(second):
                yield feature

    def _words(self) -> tuple[str, ...]:
        """What fills the PHRASE."""
        return (self.argument,)

    @abstractmethod
    def _has(self, flight: FirstFlight) -> bool:
        """Whether the hello has it."""

    @abstractmethod
    def _add(self, template: HelloTemplate) -> HelloTemplate:
        """The hello with it, which it does not have. Raises LocalError with the reason why it cannot be."""

    @abstractmethod
    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        """The hello without it, which it has. Raises LocalError with the reason why it cannot be."""

    def _changed(
        self,
        template: HelloTemplate,
        change: Callable[[HelloTemplate], HelloTemplate],
        done: str,
        *,
        is_wanted: bool,
    ) -> HelloTemplate:
        try:
            changed = change(template)
            if self.present(flight_of(changed)) != is_wanted:
                raise FeatureError("something else in the hello stands against it")
        except HandshakeError as error:  # a DecodeError where the template has a body that cannot be read
            raise FeatureError(f"{self.name} cannot be {done}: {error}") from None
        return changed
