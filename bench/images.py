"""Images of servers: seconds to build each from a base that is there, and to see that nothing is to be built.

Everything is fetched beforehand. All images are removed first, so the first one is built with nothing in the
engine but the base; the others find there what images share, as in a user's build. One at a time.
Target (design): at most 20 s each. Prints one JSON object.

    python -m bench.images [ID]...
"""

import argparse
import json
import time

from bench.machine import machine
from matrix.cell import select
from servers.containers.base import make_base, packages_of
from servers.containers.build import build_missing, find_image
from servers.containers.build_progress import BuildProgress
from servers.containers.engine import engine
from servers.containers.packages import packages_folder
from servers.containers.recipe import recipes
from servers.definition import load_definitions

TARGET_SECONDS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*")
    definitions = load_definitions().values()
    known = {each.id: each for each in recipes(definitions) if each.missing() is None}
    chosen = [known[identity] for identity in select(parser.parse_args().ids, known, "image")]
    seconds = {}
    with engine() as client:
        base = make_base(client, packages_of(definitions), print)
        packages_folder(base.python, base.machine)
        for recipe in known.values():
            if find_image(client, recipe.tag) is not None:
                client.api.remove_image(recipe.tag, force=True)
        for recipe in chosen:
            begun = time.perf_counter()
            assert build_missing(client, [recipe], base, BuildProgress()) == []
            seconds[recipe.id] = round(time.perf_counter() - begun, 2)
        begun = time.perf_counter()
        assert build_missing(client, chosen, base, BuildProgress()) == []
        unchanged = time.perf_counter() - begun
    slowest = max(seconds.values())
    result = {
        "build_seconds": {"each": seconds, "maximum": slowest, "target": TARGET_SECONDS},
        "met": slowest <= TARGET_SECONDS,
        "unchanged_milliseconds": {"all": round(unchanged * 1000), "images": len(chosen)},
    }
    print(json.dumps({"bench": "images", "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
