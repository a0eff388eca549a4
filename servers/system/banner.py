"""What a program says of itself when it is asked for its version, and the name that is made of it.

A banner is written for people, so its form changes with versions and packagers. One that is not understood is
said as it is: a name cut out of it by guess would look like a fact.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence

MAX_CHARACTERS = 200


def banner(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What the command prints, standard output first, whatever its exit status; OSError if it cannot be
    started.
    """
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="backslashreplace", check=False
    )
    return done.stdout + done.stderr


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
