"""The RSA keys of the servers that a run starts, for Wireshark: with such a key alone it decrypts what was
agreed on by RSA key exchange (RFC 5246 section 8.1.1), also in a capture that somebody else made.
"""

from collections.abc import Mapping
from pathlib import Path

from matrix.results.evidence import EVIDENCE
from matrix.results.files import write_whole
from servers.contract import PrivateKeyAndChain

RSA = "rsa"
SUFFIX = ".key"


def rsa_keys(credentials: Mapping[str, PrivateKeyAndChain]) -> dict[str, str]:
    """The private keys (PEM) that are RSA keys, by the kind of their certificate."""
    return {kind: pem.private_key for kind, pem in credentials.items() if kind.partition("-")[0] == RSA}


def write_server_keys(folder: Path, credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    """Write them into a run's folder, for their owner alone. Raises OSError."""
    for kind, pem in rsa_keys(credentials).items():
        file = folder / EVIDENCE / f"{kind}{SUFFIX}"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, pem.encode("ascii"), mode=0o600)
