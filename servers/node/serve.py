"""node's tls module, and with it OpenSSL; one process a level."""

import sys
from collections.abc import Mapping
from typing import Any

from servers import contract
from servers.native import node_tls
from servers.system import DH_PARAMETERS

# include/openssl/ssl.h; node has names for only some of them (crypto.constants).
OPTIONS = {
    ("tickets", "no"): 1 << 14,  # SSL_OP_NO_TICKET
    ("renegotiation", "legacy"): 1 << 18,  # SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION
    ("renegotiation", "off"): 1 << 30,  # SSL_OP_NO_RENEGOTIATION
}
LIBRARIES = {"libatomic.so.1": "libatomic1"}  # of node 26
LEGACY = {
    "minVersion": "TLSv1",  # node takes no lower one
    "ciphers": "ALL:COMPLEMENTOFALL:!aNULL:!PSK:!SRP:@SECLEVEL=0",
    "dhparam": DH_PARAMETERS.read_text(),
}


def options(configuration: contract.Configuration) -> Mapping[str, Any]:
    """The options of `tls.createServer` for the toggles."""
    chosen = sum(OPTIONS.get(setting, 0) for setting in configuration.toggles.items())
    return {
        **({"secureOptions": chosen} if chosen else {}),
        **(LEGACY if configuration.toggles["configuration"] == "legacy" else {}),
        **node_tls.application_protocols(configuration),
    }


if __name__ == "__main__":
    sys.exit(node_tls.run("node", lambda folder: [str(folder / "bin" / "node")], options, LIBRARIES))
