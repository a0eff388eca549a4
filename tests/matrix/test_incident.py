"""The incident of February 2012, client by client, before and after the vendor's fix.

The table is the one that was seen; what the emulated server does about it is a hypothesis, so this holds the
hypothesis to the facts, for the default trigger.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.matrix.test_run import AFTER, BEFORE, run_json, tls_matrix

ALERT = "server-hello:alert-unexpected_message"
SEEN = {
    "biztalk-ws2008": ("fails", ALERT),
    "wfetch-ws2008": ("fails", ALERT),
    "ie7-vista": ("works-after-fallback", ALERT),
    "ie8-win7": ("works-after-fallback", ALERT),
    "wfetch-winxp": ("works", None),
    "firefox-9": ("works-after-fallback", ALERT),
    "firefox-9-sslv3": ("works", None),
    "openssl-0.9.8": ("works", None),
    "openssl-0.9.8-tls1": ("works", None),
    "java-6-tlsv1-aes128": ("works", None),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("incident")
    clients = [argument for client in SEEN for argument in ("--client", client)]
    result = tls_matrix("run", "--server", BEFORE, "--server", AFTER, *clients, "--out", folder, "-n", 0)
    assert result.returncode == 0, result.stdout + result.stderr
    return {cell["id"]: cell for cell in run_json(folder)["cells"]}


@pytest.mark.parametrize("client", SEEN)
def test_before_the_fix_each_client_does_what_was_seen(cells: dict[str, dict[str, Any]], client: str) -> None:
    cell = cells[f"{BEFORE}/{client}/connect"]
    assert (cell["outcome"], cell["reason"]) == SEEN[client]


@pytest.mark.parametrize("client", SEEN)
def test_after_the_fix_every_client_works(cells: dict[str, dict[str, Any]], client: str) -> None:
    assert cells[f"{AFTER}/{client}/connect"]["outcome"] == "works"


def test_a_silent_retry_shows_both_attempts(cells: dict[str, dict[str, Any]]) -> None:
    attempts = cells[f"{BEFORE}/ie8-win7/connect"]["attempts"]
    assert [(attempt["version"], attempt["outcome"]) for attempt in attempts] == [
        ("TLSv1.0", "fails"),
        ("SSLv3", "works"),
    ]
