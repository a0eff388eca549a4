"""What a program says of itself when it is asked for its version, and the name that is made of it.

A banner is written for people, so its form changes with versions and packagers. One that is not understood is
said as it is: a name cut out of it by guess would look like a fact.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from servers.contract import CannotStart

MAX_CHARACTERS = 200
SECONDS = 5.0
"""A program that is asked for its version has answered by then, or hangs."""


def banner(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What the command prints, standard output first, whatever its exit status. Raises CannotStart where it
    cannot be executed, or does not end.
    """
    program = command[0]
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
    except OSError as error:
        raise CannotStart(
            f"{program} cannot be executed ({error.strerror}): name a program that this machine can run"
        ) from error
    with process:
        try:
            standard, other = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as expired:
            with suppress(ProcessLookupError):  # with what it has started, which holds its output open
                os.killpg(process.pid, signal.SIGKILL)
            raise CannotStart(
                f"{program} does not end when it is asked for its version ({' '.join(command[1:])}): name a "
                "program that does"
            ) from expired
    return standard + other


def stack_name(said: str, form: re.Pattern[str], name: str) -> str:
    """Fill `name` with the groups of `form`, as in `str.format`, where that is found in a banner.

    Elsewhere it is the banner's lines joined by "; ", up to MAX_CHARACTERS.
    """
    if found := form.search(said):
        return name.format(**found.groupdict())
    lines = "; ".join(line.strip() for line in said.splitlines() if line.strip())
    if not lines:
        return "a program that does not say its version"
    return lines if len(lines) <= MAX_CHARACTERS else f"{lines[:MAX_CHARACTERS]} ..."
