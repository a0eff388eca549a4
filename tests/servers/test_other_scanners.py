"""What sslscan and nmap say of OpenSSL at each level, held against what is declared.

Skipped where they are not installed (apt-get install sslscan nmap) or the stack is not fetched (tls-matrix
stacks fetch 'openssl-*'). SSLv2 itself is passed over, since nothing here speaks it; that a hello in its
format is read is another matter, and neither scanner sends one that offers more.
"""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree

import pytest

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from handshake.wire.registry import ProtocolVersion, parse_version
from servers.contract import PrivateKeyAndChain
from servers.processes.start import RunningServer
from servers.variant import parse_server_id
from tests.servers.started import DEFINITIONS, Variants, started_when_asked

pytestmark = pytest.mark.long

SCAN_SECONDS = 60.0
SERVER_IDS = [
    f"openssl@{level},configuration={configuration}"
    for level in DEFINITIONS["openssl"].levels
    for configuration in ("default", "legacy")
]
every_server = pytest.mark.parametrize("server_id", SERVER_IDS)

Found = Mapping[int, set[int]]
"""Cipher suites by version."""


@pytest.fixture(scope="module")
def openssl(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


def scanned(*command: str) -> ElementTree.Element:
    """The XML that a scanner writes to its standard output; skips the test where there is no such program."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} program; get it with: apt-get install {command[0]}")
    done = subprocess.run(command, capture_output=True, timeout=SCAN_SECONDS, check=True)
    return ElementTree.fromstring(done.stdout)


def seen_by_sslscan(server: RunningServer) -> tuple[set[int], Found]:
    """The versions that are on, and the suites found in them."""
    quick = ("--no-heartbleed", "--no-groups", "--no-compression", "--no-fallback", "--no-renegotiation")
    address = f"{server.host}:{server.port}"
    document = scanned("sslscan", "--xml=-", *quick, "--no-check-certificate", address)
    names = {("ssl", "3"): "SSLv3"} | {("tls", f"1.{minor}"): f"TLSv1.{minor}" for minor in range(4)}
    versions = {
        parse_version(names[protocol.attrib["type"], protocol.attrib["version"]])
        for protocol in document.iter("protocol")
        if protocol.attrib["enabled"] == "1" and protocol.attrib["version"] != "2"
    }
    found: dict[int, set[int]] = defaultdict(set)
    for cipher in document.iter("cipher"):
        found[parse_version(cipher.attrib["sslversion"])].add(int(cipher.attrib["id"], 16))
    return versions, found


def seen_by_nmap(server: RunningServer) -> Found:
    """The suites found in each version that is on."""
    # +: also on a port that is not known for TLS.
    options = ("-sT", "-n", "-Pn", "--script", "+ssl-enum-ciphers", "-oX", "-", "-p", str(server.port))
    document = scanned("nmap", *options, server.host)
    found = {}
    for version in document.findall(".//script[@id='ssl-enum-ciphers']/table"):
        names = version.findall("./table[@key='ciphers']/table/elem[@key='name']")
        # The suites of TLS 1.3 are called TLS_AKE_WITH_AES_128_GCM_SHA256 and so on.
        found[parse_version(version.attrib["key"])] = {
            parse_cipher_suite(str(name.text).replace("_AKE_WITH_", "_")) for name in names
        }
    return found


def suites_of(found: Found) -> set[str]:
    return {cipher_suite_name(suite) for suites in found.values() for suite in suites}


def names_of(cipher_suites: Iterable[int]) -> set[str]:
    return {cipher_suite_name(suite) for suite in cipher_suites}


@every_server
def test_sslscan_agrees(openssl: Variants, server_id: str) -> None:
    server = openssl.start(server_id)
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    versions, found = seen_by_sslscan(server)
    assert versions == set(declared.versions)
    # sslscan sees whether SSLv3 is on by a hello of its own, but asks for suites through its OpenSSL, which
    # has no SSLv3.
    assert set(found) == set(declared.versions) - {ProtocolVersion.SSL_3_0}
    assert suites_of(found) == names_of(declared.cipher_suites)


@every_server
def test_nmap_agrees(openssl: Variants, server_id: str) -> None:
    server = openssl.start(server_id)
    declared = parse_server_id(server.id, DEFINITIONS).declared()
    found = seen_by_nmap(server)
    assert set(found) == set(declared.versions)
    assert suites_of(found) == names_of(declared.cipher_suites)


@pytest.mark.parametrize("level", DEFINITIONS["openssl"].levels)
def test_scanners_see_the_difference_of_the_configurations(openssl: Variants, level: str) -> None:
    server = openssl.start(f"openssl@{level}")
    other = parse_server_id(f"openssl@{level},configuration=legacy", DEFINITIONS).declared()
    for found in (seen_by_sslscan(server)[1], seen_by_nmap(server)):
        assert suites_of(found) < names_of(other.cipher_suites)
