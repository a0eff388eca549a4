"""The page of a run of 300 clients x 60 servers: its size, and how long a person waits for it in Chromium.

Makes the run first, with the evidence of every cell (some minutes), or takes one that is there. Prints one
JSON object: bytes of the page, seconds and memory to make it, milliseconds to the first paint and for each
filter (medians), and the memory of the tab. `--pictures` makes the pictures of the README instead, from the
default grid.

    python -m bench.page [--run FOLDER] [--clients N] [--servers N]
    python -m bench.page --pictures
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.machine import machine
from clients.profile import load_profiles
from matrix.reports.page.run_page import page_pieces
from matrix.reports.page.sources import profiles_of, sources_of
from matrix.results.files import write_pieces
from matrix.results.places import PAGE
from matrix.results.run_file import load_run
from matrix.results.timings import load_timings

TIMES = 7
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
MOST_BYTES = 200_000
FAMILIES = ("jsse6@", "jsse7@", "webmethods-8.0.1@", "reference@")
"""Emulated servers, with all their levels and toggles one by one; enough of them answer at once."""
FILTERS: Mapping[str, Mapping[str, str]] = {
    "text": {"text": "TLS_RSA"},
    "client": {"client": "java-* openssl"},
    "server": {"server": "jsse6@*"},
    "reason": {"reason": "alert-handshake_failure"},
    "all rows": {"rows": "all"},
}
_FILTER = """([name, value]) => {
  const field = document.getElementById(`filter-${name}`), before = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input"));
  document.getElementById("grid").getBoundingClientRect();  // so that the layout is done, too
  return performance.now() - before;
}"""
_SCROLL = """() => new Promise(done => {
  const scroll = document.getElementById("scroll"), waits = [];
  let before = performance.now(), left = 30;
  const step = now => {
    waits.push(now - before);
    before = now;
    scroll.scrollTop += 400;
    left -= 1;
    left ? requestAnimationFrame(step) : done(Math.max(...waits.slice(2)));
  };
  requestAnimationFrame(step);
})"""


def command(*arguments: str) -> str:
    """What the program prints, run as a person runs it; a failed gate is no failure here."""
    done = subprocess.run(
        [sys.executable, "-m", "matrix", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode > 1:
        raise SystemExit(f"tls-matrix {arguments[0]} ended with {done.returncode}")
    return done.stdout


def make_run(folder: Path, clients: int, servers: int) -> None:
    """Run so many clients and servers, in the order in which they are listed."""
    listed = [each["id"] for each in json.loads(command("list", "servers", "--json"))]
    chosen = [server for family in FAMILIES for server in listed if server.startswith(family)][:servers]
    asked = [f"--server={server}" for server in chosen]
    asked += [f"--client={client}" for client in list(load_profiles())[:clients]]
    command("run", *asked, "--evidence=all", "--timeout=0.5", f"--out={folder}", "--quiet")


def made_anew(folder: Path) -> dict[str, Any]:
    """Make the page of a run again, in a process of its own, whose memory can be told."""
    text = command_of_bench("--make", str(folder))
    made: dict[str, Any] = json.loads(text)
    return made


def command_of_bench(*arguments: str) -> str:
    """What this program prints in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bench.page", *arguments], stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def make(folder: Path) -> dict[str, Any]:
    """Make the page; its bytes, and what that took."""
    run, timings = load_run(folder), load_timings(folder)
    sources = sources_of(folder, profiles_of(run, load_profiles()))
    before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_pieces(folder / PAGE, page_pieces(run, timings, sources))
    seconds = time.perf_counter() - before[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "cells": len(run.cells),
        "bytes": (folder / PAGE).stat().st_size,
        "seconds_to_make": round(seconds, 1),
        "megabytes_of_memory_before": before[1] // 1024,
        "megabytes_of_memory_at_most": peak // 1024,
    }


@contextmanager
def tab(width: int = 1400, height: int = 900) -> Iterator[Page]:
    """A tab of Debian's Chromium, of so many pixels."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("there is no chromium program; get it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def waits(page: Page, address: str) -> dict[str, Any]:
    """How long a person waits, in milliseconds, and the memory of the tab."""
    paints, shown, filters = [], [], {name: list[float]() for name in FILTERS}
    for _ in range(TIMES):
        page.goto("about:blank")
        page.goto(address)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        shown.append(
            page.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
        )
        for name, filled in FILTERS.items():
            ((field, value),) = filled.items()
            filters[name].append(page.evaluate(_FILTER, [field, value]))
            page.locator("#reset").click()
    slowest = page.evaluate(_SCROLL)
    cell = page.locator("[role=gridcell].fails").first
    before = time.perf_counter()
    cell.click()
    page.locator("dialog[open]").wait_for()
    story = (time.perf_counter() - before) * 1000
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    return {
        "first_paint": round(statistics.median(paints)),
        "grid_is_there": round(statistics.median(shown)),
        "filter": {name: round(statistics.median(each), 1) for name, each in filters.items()},
        "longest_frame_while_scrolling": round(slowest),
        "a_story_opens": round(story),
        "megabytes_of_heap": round(heap / 1e6),
    }


def pictures() -> None:
    """Make the pictures: the grid, the story of a cell, and the comparison."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, tab(1180, 720) as page:
        folder = Path(scratch, "incident")
        command("run", f"--out={folder}", "--quiet")
        fallen = "cell=webmethods-8.0.1@core-fix-19/firefox-9/connect"
        compared = Path(scratch, "comparison.html")
        fix = ("--server=webmethods-8.0.1@core-fix-19", "--with=webmethods-8.0.1@core-fix-20")
        compared.write_text(command("compare", str(folder), *fix, "--format=html"), encoding="utf-8")
        for name, address in (
            ("grid", (folder / PAGE).as_uri()),
            ("story", f"{(folder / PAGE).as_uri()}#{fallen}"),
            ("comparison", compared.as_uri()),
        ):
            page.goto("about:blank")
            page.goto(address)
            page.evaluate("document.getElementById('grid-title').scrollIntoView()")
            if name == "story":
                page.locator("dialog[open]").wait_for()
            file = PICTURES / f"{name}.png"
            page.screenshot(path=file)
            size = file.stat().st_size
            print(f"{file.relative_to(PICTURES.parents[1])}: {size} bytes")
            if size > MOST_BYTES:
                raise SystemExit(f"{file}: is larger than {MOST_BYTES} bytes")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--servers", type=int, default=60)
    parser.add_argument("--pictures", action="store_true")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.pictures:
        pictures()
        return
    if asked.make is not None:
        print(json.dumps(make(asked.make)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.run or Path(scratch, "run")
        if asked.run is None:
            make_run(folder, asked.clients, asked.servers)
        page = made_anew(folder)
        with tab() as opened:
            waited = waits(opened, (folder / PAGE).absolute().as_uri())
    print(json.dumps({"machine": machine(), "page": page, "milliseconds": waited}, indent=2))


if __name__ == "__main__":
    main()
