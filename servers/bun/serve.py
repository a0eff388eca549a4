"""bun's tls module, and with it BoringSSL."""

import sys
from collections.abc import Mapping
from typing import Any

from servers import contract
from servers.native import node_tls


def options(configuration: contract.Configuration) -> Mapping[str, Any]:
    """The options of `tls.createServer` for the toggles."""
    return node_tls.application_protocols(configuration)


if __name__ == "__main__":
    sys.exit(node_tls.run("bun", lambda folder: [str(folder / "bin" / "bun"), "run"], options))
