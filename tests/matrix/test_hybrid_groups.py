"""Whole runs with hellos of 2026: a post-quantum group is completed, and one nobody here can compute is not
held against the server.
"""

from collections.abc import Iterable
from pathlib import Path

from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.hello_template import Fill, HelloTemplate
from handshake.wire.registry import NamedGroup
from tests.handshake.modern import CHROMIUM_156, OPENSSL_4, X25519, groups, replaced, shares
from tests.matrix.test_run import run_json, tls_matrix

SERVER = "openssl@4.0.3"


def profile(folder: Path, client: str, template: HelloTemplate) -> None:
    """Write a profile with this hello."""
    extensions = (
        f'{{ type = "0x{each.extension_type:04x}", fill = "{each.fill.value}" }}'
        if each.fill is Fill.SERVER_NAME
        else f'{{ type = "0x{each.extension_type:04x}", body = "{each.body.hex()}"'
        + (f', fill = "{each.fill.value}" }}' if each.fill else " }")
        for each in template.extensions or ()
    )
    suites = (f'"0x{code:04x}"' for code in template.cipher_suites)
    text = f'''
id = "{client}"
title = "{client}"
stack = "any"
os = "any"
released = "2026-09-29"

[provenance]
kind = "captured"
source = "on loopback, as far as it bears on the server's choice"
confidence = "high"

[[attempt]]
evidence = "{client}"
record_version = "TLSv1.0"
client_version = "TLSv1.2"
session_id_length = {template.session_id_length}
compression_methods = ["null"]
cipher_suites = {listed(suites)}
extensions = {listed(extensions)}
'''
    (folder / f"{client}.toml").write_text(text, encoding="utf-8")


def listed(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def test_a_right_server_is_not_accused_of_a_group_we_cannot_compute(tmp_path: Path) -> None:
    unknown = NamedGroup.CURVESM2MLKEM768
    assert unknown not in KEY_SHARE_GROUPS, "then this test wants another group"
    clients, out = tmp_path / "clients", tmp_path / "run"
    clients.mkdir()
    profile(clients, "hybrid-library", OPENSSL_4)
    profile(clients, "hybrid-browser", CHROMIUM_156)
    profile(clients, "hybrid-by-retry", replaced(OPENSSL_4, groups(0x11EB, X25519), shares((X25519, 32))))
    profile(clients, "hybrid-none", replaced(OPENSSL_4, groups(X25519), shares((X25519, 32))))
    profile(clients, "hybrid-unknown", replaced(OPENSSL_4, groups(unknown, 0xFE32), shares((0xFE32, 40))))
    chosen = ("--clients-dir", clients, "--server", SERVER, "--client", "hybrid-*")
    result = tls_matrix("run", *chosen, "--out", out, "-n", 0)
    assert result.returncode == 1, result.stdout + result.stderr  # the server was named, and not all measured
    assert "All that was measured is as expected." in result.stdout
    cells = {cell["client"]: cell for cell in run_json(out)["cells"]}
    for client, group in (
        ("hybrid-library", "X25519MLKEM768"),
        ("hybrid-browser", "X25519MLKEM768"),
        ("hybrid-by-retry", "SecP256r1MLKEM768"),
        ("hybrid-none", "x25519"),
    ):
        cell = cells[client]
        assert (cell["verdict"], cell["negotiated"]["group"]) == ("passed", group)
    cell = cells["hybrid-unknown"]
    note = "the server chose curveSM2MLKEM768, which this program offers but cannot complete"
    assert (cell["verdict"], cell["outcome"], cell["note"]) == ("unsupported", None, note)
    assert cell["reason"].endswith(":unsupported-curveSM2MLKEM768")
    assert "protocol-error" not in (out / "run.json").read_text(encoding="utf-8")
