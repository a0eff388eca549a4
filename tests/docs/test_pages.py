"""The pages of `docs/`: every command of every page is run, and prints what the page says."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.docs import DOCS, blocks, hosts, printed, written
from tests.matrix.test_cli import tls_matrix

PAGES = sorted(DOCS.glob("*.md"))


@pytest.fixture(scope="module")
def addresses() -> Iterator[Mapping[str, str]]:
    with hosts() as started:
        yield started


@pytest.mark.long(but=["README", "test-my-server"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_is_what_its_commands_print(
    page: Path, addresses: Mapping[str, str], tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    assert written(text, addresses, tmp_path) == text, "python -m bench.docs writes it anew"


def test_a_page_that_says_something_else_is_found(addresses: Mapping[str, str], tmp_path: Path) -> None:
    page = "A page.\n\n```console\n$ ./tls-matrix --version\ntls-matrix 0.0.0\n```\n\nThe end.\n"
    anew = written(page, addresses, tmp_path)
    assert re.fullmatch(
        r"A page\.\n\n```console\n\$ \./tls-matrix --version\ntls-matrix \d.*\n```\n\nThe end\.\n", anew
    )
    assert anew != page
    failed = printed("./tls-matrix list clients no-such-client", addresses, tmp_path)
    assert failed.endswith("(exit status 2)\n")


def test_every_page_is_listed_and_says_what_is_no_part_of_the_program() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\(([\w-]+\.md)\)", index)
    assert sorted(listed) == [page.name for page in PAGES if page.name != "README.md"]
    assert "no DTLS and no QUIC" in index


NOT_RUN = [
    line
    for page in PAGES
    for block in blocks(page.read_text(encoding="utf-8"))
    if block.kind == "sh"
    for line in block.commands
    if "./tls-matrix " in line
]


@pytest.mark.long(but=["*twin*"])
@pytest.mark.parametrize("line", NOT_RUN)
def test_a_command_that_is_not_run_is_one_that_there_is(line: str) -> None:
    """Such commands are run elsewhere, with a registry of the tests' own or an engine."""
    words = shlex.split(line.partition("./tls-matrix ")[2])
    done = tls_matrix(*words, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert tls_matrix(*words[:1], "--no-such-option").returncode == 2, "control"
