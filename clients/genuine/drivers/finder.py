"""Looks for patterns in a text: a process of its own, because nothing else ends a search that takes too long.

JSON with `words` and `patterns` (each with its flags) comes on standard input. For each pattern, in order, a
line goes out as soon as it is done: where it was found and its first group, or null.
"""

import json
import re
import sys


def main() -> None:
    """Look for each."""
    told = json.load(sys.stdin)
    for pattern, flags in told["patterns"]:
        found = re.compile(pattern, flags).search(told["words"])
        print(json.dumps(found and [found.start(), found[1] if found.re.groups else None]), flush=True)


if __name__ == "__main__":
    main()
