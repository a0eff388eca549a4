"""With coverage: libFuzzer, by way of atheris, keeps what reaches new code and changes it again.

libFuzzer never returns, so it runs in a process of its own; what was found comes back through a pipe, also
where that process was killed.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import atheris

from bench.fuzz.budget import Budget, Found, watch_for_hangs

PACKAGES = ["definitions", "handshake", "clients", "servers", "matrix"]
LARGEST = 1 << 17


def fuzz(budget: Budget) -> dict[str, Any]:
    """Let libFuzzer have its time."""
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _child(budget, writing)
        except Exception:
            traceback.print_exc()
        finally:  # it must not go on with what its parent does
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        lines = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    if not lines:
        ended = f"libFuzzer ended with {os.waitstatus_to_exitcode(status)} and told nothing"
        return {**Found(budget, "atheris").to_json(time.monotonic() - began), "faults": [{"error": ended}]}
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def _child(budget: Budget, writing: int) -> None:
    os.dup2(2, 1)  # standard output is the result's alone
    with atheris.instrument_imports(include=PACKAGES, enable_loader_override=False):
        from tests.hostile.readers import READERS
    reader, found = READERS[budget.reader], Found(budget, "atheris")
    watch_for_hangs()
    began = time.monotonic()
    folder = TemporaryDirectory(prefix="tls-matrix-fuzz-")
    corpus = Path(folder.name, "corpus")
    place = Path(folder.name, "files")
    corpus.mkdir()
    place.mkdir()
    for number, seed in enumerate(reader.seeds()):
        (corpus / f"{number}").write_bytes(seed)

    def read(data: bytes) -> None:
        found.run(reader.read, data, place, "--keep keeps it")
        if time.monotonic() - began >= budget.seconds:
            os.write(writing, f"{json.dumps(found.to_json(time.monotonic() - began))}\n".encode())
            folder.cleanup()
            os._exit(0)

    def change(data: bytes, largest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, largest))
        return reader.mutate(data, random)[:largest]

    arguments = [
        sys.argv[0],
        str(corpus),
        f"-seed={budget.seed + 1}",
        f"-max_len={LARGEST}",
        "-timeout=0",  # its alarm is ours
        "-rss_limit_mb=2048",
        "-print_final_stats=0",
        "-verbosity=0",
    ]
    atheris.Setup(arguments, read, custom_mutator=change)
    atheris.Fuzz()
