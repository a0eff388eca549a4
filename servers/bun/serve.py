"""bun's tls module, and with it BoringSSL."""

import sys
from collections.abc import Mapping
from typing import Any

from servers import contract
from servers.native import node_tls


def options(configuration: contract.Configuration) -> Mapping[str, Any]:
    """The options of `tls.createServer` for the toggles."""
    # Of several trusted certificates with one name bun takes the last alone (tests/servers/bun), and those of
    # our clients have one name.
    trusted = configuration.client_certificates.get("rsa")
    return {**node_tls.application_protocols(configuration), **({"ca": [trusted]} if trusted else {})}


if __name__ == "__main__":
    sys.exit(node_tls.run("bun", lambda folder: [str(folder / "bin" / "bun"), "run"], options))
