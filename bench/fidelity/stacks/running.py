"""What a started stack is, or what it lacks; and processes that do not outlive us."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fidelity.questions import Address


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that listens; `description` is its name and version as it says itself."""

    address: Address
    description: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A stack that is not on this machine; `message` says which command gets it."""

    message: str


def bound_to_us(command: Sequence[str]) -> list[str]:
    """The command, killed by the kernel when we are (prctl PR_SET_PDEATHSIG, through util-linux)."""
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *command]
