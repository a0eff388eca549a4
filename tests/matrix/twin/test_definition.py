"""A draft as the text of a definition: it is TOML that says the same, and is read like any other."""

import tomllib
from pathlib import Path

import pytest

from handshake.reason import parse_cause
from matrix.twin.definition import WRITTEN_BY, Heading, definition_text
from matrix.twin.draft import Draft, reaction_of
from servers.definition import load_definition
from tests.matrix.twin.memory import variant_of

HEADING = Heading("my-twin", 'Asked at "127.0.0.1:443" on 2026-11-30', "openssl-3.0")
DECLARED = {
    "versions": ["TLSv1.2"],
    "cipher_suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"],
    "renegotiation": {"allowed": "secure"},
}
EMULATION = {
    "preference": "client",
    "session_id_length": 0,
    "renegotiation_info": True,
    "alerts": {"no-common-cipher-suite": "fin"},
    "dh_groups": [{"cipher_suites": "TLS_DH_anon_*", "group": "modp-1024"}],
    "reading": {"checks": [{"features": ["odd-cipher-suites"], "reaction": "fin"}, {"step": "use-version"}]},
    "intolerance": [{"features": ["extension:server_name", 'host-name-not:[^"\\\\]*'], "reaction": "hang"}],
}


def test_the_text_says_what_the_draft_says() -> None:
    draft = Draft(declared=DECLARED, emulation=EMULATION, notes=["one", "another"])
    read = tomllib.loads(definition_text(draft, HEADING))
    assert read["declared"] == DECLARED
    assert read["emulation"] == EMULATION
    assert read["source"] == HEADING.source
    assert read["note"] == "Not decided: one; another."
    assert WRITTEN_BY in definition_text(draft, HEADING)


def test_it_is_a_definition(tmp_path: Path) -> None:
    variant = variant_of(Draft(declared=DECLARED, emulation=EMULATION), tmp_path)
    assert variant.emulation()["session_id_length"] == 0
    assert variant.declared().versions == (0x0303,)


def test_a_certificate_of_another_kind_is_a_toggle_at_its_default(tmp_path: Path) -> None:
    draft = Draft(declared=DECLARED, emulation=EMULATION, certificate_kind="rsa-4096")
    variant = variant_of(draft, tmp_path)
    assert variant.certificate_kind == "rsa-4096"
    assert variant_of(Draft(declared=DECLARED), tmp_path / "other").certificate_kind is None


def test_a_protocol_before_tls_is_said(tmp_path: Path) -> None:
    text = definition_text(Draft(declared=DECLARED), Heading("t", "x", "openssl-3.0", "smtp"))
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "server.toml").write_text(text)
    assert load_definition(folder / "server.toml").starttls == "smtp"


@pytest.mark.parametrize(
    ("cause", "reaction"),
    [
        ("alert-handshake_failure", "alert:handshake_failure"),
        ("fin", "fin"),
        ("reset", "reset"),
        ("timeout", "hang"),
        ("close_notify", "alert:close_notify"),
        ("policy-dh-prime-bits", None),
    ],
)
def test_what_a_client_sees_is_a_reaction(cause: str, reaction: str | None) -> None:
    assert reaction_of(parse_cause(cause)) == reaction
