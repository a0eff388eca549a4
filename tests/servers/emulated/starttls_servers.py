"""An emulated server for each protocol in which words come before TLS, as a user would define it."""

from pathlib import Path

from servers.emulated.starttls import PROTOCOLS

DEFINITION = """
id = "my-{protocol}"
title = "Mine, behind {protocol}"
kind = "emulated"
default = true
starttls = "{protocol}"
control = "openssl-0.9.8-tls1"
source = "made up for a test"

[declared]
versions = ["TLSv1.0", "TLSv1.2"]
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]
refusals.no_common_version = "alert-protocol_version"
{declared}

[levels.a]
title = "Level a"
stack = "none"
"""


def write_definitions(folder: Path, declared: str = "") -> None:
    """Write `my-<protocol>/server.toml` for every protocol; `declared` is added to [declared]."""
    for protocol in PROTOCOLS:
        (folder / f"my-{protocol}").mkdir(parents=True)
        text = DEFINITION.format(protocol=protocol, declared=declared)
        (folder / f"my-{protocol}" / "server.toml").write_text(text)
