"""OpenSSL 1.0.0 to 1.0.2, the library inside an old node; serve.js plays the servers in one process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import NamedGroup, alert_name, group_name, version_name
from servers import contract
from servers.native.process import NativeProcess, NativeProgram, settings_of
from servers.openssl.settings import cipher_list, options
from servers.system import DH_PARAMETERS

PROGRAM = Path(__file__).with_name("serve.js")
# What OpenSSL calls the groups (crypto/objects/objects.txt).
CURVES: dict[int, str] = {
    NamedGroup.SECP256K1: "secp256k1",
    NamedGroup.SECP256R1: "prime256v1",
    NamedGroup.SECP384R1: "secp384r1",
    NamedGroup.SECP521R1: "secp521r1",
    NamedGroup.BRAINPOOLP256R1: "brainpoolP256r1",
    NamedGroup.BRAINPOOLP384R1: "brainpoolP384r1",
    NamedGroup.BRAINPOOLP512R1: "brainpoolP512r1",
}
# The curve of OpenSSL's own s_server until 1.0.2 (apps/s_server.c), and of node, where none is declared.
DEFAULT_GROUPS = (NamedGroup.SECP256R1,)
# Without AVX (bit 60, OPENSSL_ia32cap(3)): node 4.1 has no code for it in AES-CBC with HMAC-SHA256, but an
# illegal instruction in its place, which a longer record reaches (aesni_cbc_sha256_enc) [measured].
ENVIRONMENT = {"OPENSSL_ia32cap": f"~{1 << 60:#x}"}


@cache
def node(program: Path) -> NativeProgram:
    """The one process of a program, started when it is first asked for."""
    command = [str(program), str(PROGRAM)]
    return NativeProgram(lambda: NativeProcess("node", command, ENVIRONMENT, connection))


@contextmanager
def start(configuration: contract.Configuration, folder: Path) -> Iterator[contract.Event]:
    """Listen in the level's node, which ends with the last of its servers."""
    with node(folder / "bin" / "node").serving(configuration, node_settings(configuration)) as event:
        yield event


def node_settings(configuration: contract.Configuration) -> dict[str, Any]:
    """What serve.js has to know of a server."""
    return {
        **settings_of(configuration),
        "options": options(configuration.toggles),
        "cipher_list": cipher_list(configuration.toggles, has_security_levels=False),
        "dh_parameters": DH_PARAMETERS.read_text(),
        "curves": curves(configuration.declared.named_groups or DEFAULT_GROUPS),
    }


def curves(groups: Sequence[int]) -> list[dict[str, Any]]:
    """The curves of ECDHE by group, under OpenSSL's names; ValueError for one that it does not have."""
    if unknown := [group_name(group) for group in groups if group not in CURVES]:
        raise ValueError(
            f"declared.named_groups: {', '.join(unknown)} is no curve of OpenSSL 1.0; leave it out"
        )
    return [{"group": group, "name": CURVES[group]} for group in groups]


def connection(event: dict[str, Any]) -> contract.Connection:
    """A connection as serve.js saw it, numbers turned into names."""

    def named(key: str, name: Any) -> str | None:
        return None if event[key] is None else name(event[key])

    return contract.Connection(
        event["id"],
        event["peer_port"],
        version=named("version", version_name),
        cipher_suite=named("cipher_suite", cipher_suite_name),
        alert_sent=named("alert_sent", alert_name),
        reason=event["reason"],
    )
