"""What follows from the server's choice: a failure that comes after its hello.

Where it chooses a cipher suite, or a version, in every hello that fails, and another in every one that gets
through, the choice explains the failure, whatever in the hello leads to it.
"""

from collections.abc import Callable

from msgspec import Struct

from matrix.explain.trial import Choice, Trials


class Choices(Struct, frozen=True):
    """The code points that the server chose in hellos that fail and in those that get through; `what` is
    "cipher suite" or "version".
    """

    what: str
    failing: tuple[int, ...]
    passing: tuple[int, ...]


_CHOSEN: tuple[tuple[str, Callable[[Choice], int]], ...] = (
    ("version", lambda choice: choice.version),
    ("cipher suite", lambda choice: choice.cipher_suite),
)


def choices(trials: Trials) -> Choices | None:
    """The choice that tells failing trials from the others; None where none does, or it is not known."""
    answers = [[t.answer.choice for t in trials.chosen(bits)] for bits in (trials.failing, trials.passing)]
    for what, of in _CHOSEN:
        failing, passing = (
            tuple(dict.fromkeys(of(choice) for choice in each if choice is not None)) for each in answers
        )
        is_known = failing and passing and None not in answers[0]
        if is_known and set(failing).isdisjoint(passing):
            return Choices(what, failing, passing)
    return None
