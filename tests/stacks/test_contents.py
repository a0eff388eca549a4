"""What fetched stacks hold: each says its version, and makes a handshake where it is a Python module."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from servers.credentials import make_credentials
from stacks.catalogue import not_fetched, stacks

IN_NODE = ("1.0.0f", "1.0.1e", "1.0.1u", "1.0.2d", "1.0.2o")
IN_CRYPTOGRAPHY = {
    "1.1.1a": "2.5",
    "1.1.1l": "3.4.8",
    "3.0.5": "37.0.4",
    "3.1.4": "41.0.7",
    "3.4.1": "44.0.3",
    "3.5.5": "46.0.5",
    "4.0.0": "47.0.0",
}

# Where a module comes from is said too: from the stack or from Python itself but for what is named below.
WITH_PYOPENSSL = """
import json, sys
sys.path.insert(0, sys.argv[1])
import cryptography
from OpenSSL import SSL, crypto
key, chain = sys.stdin.read().split("|")
server, client = SSL.Context(SSL.SSLv23_METHOD), SSL.Context(SSL.SSLv23_METHOD)
server.use_privatekey(crypto.load_privatekey(crypto.FILETYPE_PEM, key))
server.use_certificate(crypto.load_certificate(crypto.FILETYPE_PEM, chain))
ends = SSL.Connection(server, None), SSL.Connection(client, None)
ends[0].set_accept_state()
ends[1].set_connect_state()
done = set()
for turn in range(20):
    here, there = ends[turn % 2 - 1], ends[turn % 2]
    try:
        here.do_handshake()
        done.add(here)
    except SSL.WantReadError:
        pass
    try:
        there.bio_write(here.bio_read(1 << 16))
    except SSL.WantReadError:
        pass
said = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(), cryptography.__version__
"""
WITH_TLSLITE = """
import json, socket, sys, threading
sys.path.insert(0, sys.argv[1])
import tlslite
from tlslite.api import TLSConnection, X509CertChain, parsePEMKey
key, chain = sys.stdin.read().split("|")
certificates = X509CertChain()
certificates.parsePemList(chain)
ends = [TLSConnection(end) for end in socket.socketpair()]
arguments = {"certChain": certificates, "privateKey": parsePEMKey(key, private=True)}
server = threading.Thread(target=ends[0].handshakeServer, kwargs=arguments, daemon=True)
server.start()
ends[1].handshakeClientCert()
server.join(20)
done = {end for end in ends if end.session.cipherSuite}
said = tlslite.__version__, tlslite.__name__
"""
WHERE_FROM = """
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items() if "." not in name}
elsewhere = [n for n, f in files.items() if f and "site-packages" in f and not f.startswith(sys.argv[1])]
print(json.dumps([*said, len(done), elsewhere]))
"""
# What an environment starts Python with; cffi; what tlslite-ng and ecdsa calculate with where there is one.
OF_THE_ENVIRONMENT = ("_cffi_backend", "_distutils_hack", "__editable__", "gmpy2")


def folder_of(identity: str) -> Path:
    """Where a stack lies; the test is skipped when it does not."""
    folder = stacks()[identity].folder()
    if folder is None:
        pytest.skip(str(not_fetched([identity])))
    return folder


def ask(script: str, folder: Path) -> tuple[str, str, int, list[str]]:
    """Run a script with a stack first on its path, and give what it says."""
    credential = make_credentials()["rsa"]
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", script + WHERE_FROM, str(folder)],
        input=f"{credential.private_key}|{credential.chain}",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    title, version, ends, elsewhere = json.loads(done.stdout)
    return title, version, ends, [name for name in elsewhere if not name.startswith(OF_THE_ENVIRONMENT)]


@pytest.mark.parametrize("version", IN_NODE)
def test_node_is_built_with_this_openssl(version: str) -> None:
    node = folder_of(f"openssl-{version}") / "bin" / "node"
    command = [str(node), "-e", "console.log(process.versions.openssl)"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    assert said.strip() == version


@pytest.mark.parametrize(("version", "cryptography"), IN_CRYPTOGRAPHY.items())
def test_cryptography_is_built_with_this_openssl_and_works(version: str, cryptography: str) -> None:
    title, found, ends, elsewhere = ask(WITH_PYOPENSSL, folder_of(f"openssl-{version}"))
    assert title.split()[:2] == ["OpenSSL", version]
    assert (found, ends, elsewhere) == (cryptography, 2, [])


def test_tlslite_works() -> None:
    assert ask(WITH_TLSLITE, folder_of("tlslite-0.7.6")) == ("0.7.6", "tlslite", 2, [])


def test_without_a_stack_the_environment_answers(tmp_path: Path) -> None:
    """Control: what is asked shows where a module comes from."""
    title, _, ends, elsewhere = ask(WITH_PYOPENSSL, tmp_path)
    assert "cryptography" in elsewhere
    assert ends == 2
    assert title.split()[1] not in IN_CRYPTOGRAPHY
