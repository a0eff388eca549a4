"""NSS's certificate databases, and the only folder a selfserv sees.

NSS takes keys from a database of files only. Where we have namespaces, these lie in memory that goes with the
last process of the program. selfserv sends any file to whoever asks for it by name: its root folder has the
system's programs and libraries, a source of randomness and, under a name nobody knows, its database.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree

from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificates

from servers import contract
from servers.system.command import in_memory
from servers.system.namespaces import Namespaces, mount_again, mount_memory

MEMORY = Path("/dev/shm")
SYSTEM_FOLDERS = ("/usr", "/bin", "/lib", "/lib64")
RANDOMNESS = Path("/dev/urandom")
PASSWORD = "tls-matrix"  # of a file that exists for the time of an import, in memory
# `certutil -K`: < 0> rsa      ec8065b157b6b4a7192fa7291a89c7d0bc0cf3a4   nickname
_KEY = re.compile(r"^< *\d+> +(\w+) +([0-9a-f]{40}) ", re.MULTILINE)
_KINDS = {"rsa": "rsa", "ec": "ecdsa", "dsa": "dsa"}


class DatabaseError(Exception):
    """A database that could not be made; the message is one line."""


@cache
def root_folder(namespaces: Namespaces) -> Path:
    """The folder that databases lie in: a root folder in memory; in a container, one for temporary files."""
    if not namespaces.is_alone:
        return Path(tempfile.gettempdir())
    mount_memory(MEMORY)
    for folder in map(Path, SYSTEM_FOLDERS):
        at = MEMORY / folder.name
        if folder.is_symlink():
            at.symlink_to(folder.readlink())
        elif folder.is_dir():
            at.mkdir()
            mount_again(folder, at)
    bring_inside(MEMORY, RANDOMNESS)
    return MEMORY


def bring_inside(root: Path, path: Path) -> None:
    """Let a file or folder of the system be seen at its place below the root folder, too; what lies in the
    system's folders is.
    """
    at = root / path.relative_to("/")
    if at.exists():
        return
    at.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        at.mkdir()
    else:
        at.touch()
    mount_again(path, at)


class Database:
    """A folder with NSS's files. `path` is where it lies; `uris` name the certificates, by kind."""

    def __init__(self, path: Path, commands: Mapping[str, str]) -> None:
        self.path = path
        self.uris: dict[str, str] = {}
        self._commands = commands
        self._run("certutil", "-N", "--empty-password")

    def add_credential(self, kind: str, pem: contract.PrivateKeyAndChain) -> None:
        """Take in a private key and its certificate."""
        key = load_pem_private_key(pem.private_key.encode(), None)
        if not isinstance(key, RSAPrivateKey | DSAPrivateKey | EllipticCurvePrivateKey):
            raise DatabaseError(f"a key of the kind {type(key).__name__} is none that a suite could use")
        leaf, *others = load_pem_x509_certificates(pem.chain.encode())
        encryption = BestAvailableEncryption(PASSWORD.encode())
        pkcs12 = serialize_key_and_certificates(kind.encode(), key, leaf, others, encryption)
        with ExitStack() as closing:
            file = in_memory(kind, pkcs12, closing)
            self._run("pk12util", "-i", f"/dev/fd/{file}", "-W", PASSWORD, inherited=[file])

    def trust(self, name: str, certificate: str) -> None:
        """Trust a client that shows exactly this certificate (PEM)."""
        with ExitStack() as closing:
            file = in_memory(name, certificate.encode(), closing)
            arguments = ("-A", "-n", name, "-t", "PT,,", "-a", "-i", f"/dev/fd/{file}")
            self._run("certutil", *arguments, inherited=[file])

    def find_uris(self) -> None:
        """Name the certificates by the ids of their keys (RFC 7512): of one subject, as ours are, they share
        a nickname.
        """
        for kind, identity in _KEY.findall(self._run("certutil", "-K")):
            octets = re.sub("..", r"%\g<0>", identity)
            self.uris[_KINDS[kind]] = f"pkcs11:id={octets};type=cert"

    def _run(self, name: str, *arguments: str, inherited: list[int] | None = None) -> str:
        command = [self._commands[name], *arguments, "-d", f"sql:{self.path}"]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            pass_fds=inherited or [],
            env={},
        )
        if done.returncode != 0:
            raise DatabaseError(f"{name}: {(done.stderr.strip() or 'it did not say why').splitlines()[-1]}")
        return done.stdout


@contextmanager
def make_database(
    root: Path,
    commands: Mapping[str, str],
    credentials: Mapping[str, contract.PrivateKeyAndChain],
    trusted: Mapping[str, str],
) -> Iterator[Database]:
    """A database under an unguessable name, removed afterwards; raises DatabaseError."""
    path = Path(tempfile.mkdtemp(prefix="nss-", dir=root))
    try:
        database = Database(path, commands)
        for kind, pem in credentials.items():
            database.add_credential(kind, pem)
        database.find_uris()
        for kind, certificate in trusted.items():
            database.trust(f"client-{kind}", certificate)
        yield database
    finally:
        rmtree(path)
