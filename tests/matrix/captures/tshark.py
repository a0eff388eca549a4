"""What Debian's tshark reads in a capture: the fields of each packet, by Wireshark's names."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SEPARATOR = "\x1f"


def fields(capture: Path, *names: str, options: Sequence[str] = ()) -> list[dict[str, list[str]]]:
    """The fields of every packet; a field that a packet has more than once has all its values."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("there is no tshark program; get it with: apt-get install tshark")
    asked = [argument for name in names for argument in ("-e", name)]
    command = [tshark, "-n", "-r", str(capture), "-T", "fields", "-E", f"separator={SEPARATOR}", "-E"]
    done = subprocess.run(
        [*command, "occurrence=a", "-E", "aggregator=|", *asked, *options],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [
        {
            name: value.split("|") if value else []
            for name, value in zip(names, line.split(SEPARATOR), strict=True)
        }
        for line in done.stdout.splitlines()
    ]
