"""The servers whose programs are written in the language of their stack: what tests of them share."""

from servers.definition import load_definitions
from servers.variant import expand

DEFINITIONS = load_definitions()
SERVERS = ("bun", "deno", "go", "node")
VARIANTS = [
    variant for name in SERVERS for variant in expand(DEFINITIONS[name]) if not variant.is_only_observed
]
PLAIN = tuple(f"{name}@{level}" for name in SERVERS for level in DEFINITIONS[name].levels)
# deno does not say what it has negotiated.
TELLS_NO_VERSION = "deno"
