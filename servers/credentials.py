"""The credentials of a run: one self-signed certificate of each kind, made when it starts, in memory only."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import random_serial_number

from handshake.crypto.credentials import Credential, generate_dsa, generate_ecdsa, generate_rsa
from servers.contract import PrivateKeyAndChain

SUBJECT = "server.example.test"
"""What clients call the servers. A name with dots: for one without, Java 7 sends no server_name (research
note on JSSE, section 8).
"""


CLIENT_SUBJECT = "client.example.test"


def make_credentials(subject: str = SUBJECT) -> dict[str, PrivateKeyAndChain]:
    """RSA of 2048 bits, DSA of 1024 (what old stacks know), ECDSA on P-256, by the contract's names."""
    now = datetime.now(UTC)
    made = {
        "rsa": generate_rsa(2048, subject=subject, now=now, serial=random_serial_number()),
        "dsa": generate_dsa(1024, subject=subject, now=now, serial=random_serial_number()),
        "ecdsa": generate_ecdsa(ec.SECP256R1(), subject=subject, now=now, serial=random_serial_number()),
    }
    return {kind: _as_text(credential) for kind, credential in made.items()}


def _as_text(credential: Credential) -> PrivateKeyAndChain:
    pem = credential.to_pem()
    return PrivateKeyAndChain(pem.private_key, pem.chain)
