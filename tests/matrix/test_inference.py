"""What is inferred from a target's row, with made-up rows and a real server."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.profile import load_profiles
from matrix.judgement.outcome import Outcome
from matrix.reports.inference import TriedHello, features_of_hello, infer, inferences
from matrix.results.run_file import AttemptRecord, load_run
from tests.matrix.runs import cell, run
from tests.matrix.test_run import tls_matrix
from tests.matrix.test_target import Nginx

NOTHING = (
    "nothing in the hellos, nor two things together, "
    "separates the clients that work ({}) from the others ({})"
)


def row(works: list[str], fails: list[str]) -> list[TriedHello]:
    """A client for each word, whose letters are its hello's features."""
    return [
        TriedHello(f"{letters}-{number}", tuple(letters), letters in works)
        for number, letters in enumerate((*works, *fails))
    ]


@pytest.mark.parametrize(
    ("works", "fails", "said"),
    [
        (["ab", "ac"], ["b", "c"], ["works for clients with a; none of the 2 that fail has it"]),
        (["ab", "ac", "a"], ["b"], ["works for clients with a; the 1 that fails does not have it"]),
        (["ab", "ac"], ["b"], []),
        (["b", "c"], ["ab", "ac"], ["works for clients without a; each of the 2 that fail has it"]),
        (
            ["ab", "abc"],
            ["a", "bc", "c"],
            ["works for clients with a and b; none of the 3 that fail has both"],
        ),
        (["a", "bc"], ["c", "d"], ["works for clients with a or b; none of the 2 that fail has either"]),
        (
            ["a", "ac"],
            ["ab", "c", "bc"],
            ["works for clients with a and no b; that is true of none of the 3 that fail"],
        ),
        (["a", "b", "c", "abc"], ["ab", "bc", "ac", "d"], [NOTHING.format(4, 4)]),
        (["ab"], [], []),
        ([], ["ab"], []),
    ],
)
def test_the_smallest_set_that_separates_exactly(works: list[str], fails: list[str], said: list[str]) -> None:
    assert infer(row(works, fails)) == said


LETTERS = "abcd"
HELLOS = ["".join(each) for size in range(5) for each in itertools.combinations(LETTERS, size)]


@given(st.dictionaries(st.sampled_from(HELLOS), st.booleans(), min_size=4))
def test_a_sentence_is_true_of_every_row_and_nothing_smaller_is_left_out(row_of: dict[str, bool]) -> None:
    works = {hello for hello, gets_through in row_of.items() if gets_through}
    fails = set(row_of) - works
    if not works or not fails:
        return
    (said,) = infer(row(sorted(works), sorted(fails)))
    words = said.partition(";")[0].removeprefix("works for clients ").split()
    alone = [letter for letter in LETTERS if works == {hello for hello in row_of if letter in hello}]
    missing = [letter for letter in LETTERS if fails == {hello for hello in row_of if letter in hello}]
    if alone or missing:
        assert words in [["with", letter] for letter in alone] + [["without", letter] for letter in missing]
    elif words[0] == "with":
        joint = all if "and" in words else any
        parts = " ".join(words[1:]).split(" and " if "and" in words else " or ")
        assert works == {h for h in row_of if joint((p[-1] in h) != p.startswith("no ") for p in parts)}


def test_only_the_row_of_a_target_that_always_answers_is_looked_at() -> None:
    cells = [cell("mine", name) for name in ("java-8", "java-17", "openssl-3.0")]
    cells.append(cell("mine", "ie6-winxp", Outcome.FAILS))
    versions = ("TLSv1.2", "TLSv1.3", "TLSv1.3", "SSLv3 in SSLv2 format")
    tried = [
        each.model_copy(
            update={"attempts": [AttemptRecord(version=version, outcome=each.outcome, reason=each.reason)]}
        )
        for each, version in zip(cells, versions, strict=True)
    ]
    made = run(*tried)
    assert inferences(made)["mine"] == []
    external = made.servers["mine"].model_copy(update={"level": "external"})
    made.servers["mine"] = external
    (said,) = inferences(made)["mine"]
    assert said.startswith("works for clients with ")
    assert "another" not in inferences(made)
    made.servers["mine"] = external.model_copy(update={"problem": "nobody listens any more"})
    assert inferences(made)["mine"] == []


def test_the_features_of_a_hello_are_named_as_people_name_them() -> None:
    features = features_of_hello(load_profiles()["chrome-101"].player.templates[0])
    wanted = {"TLSv1.3", "TLSv1.2 or later", "AES-GCM", "ECDHE-RSA key exchange", "ECDHE-RSA-AES-GCM"}
    assert wanted | {"the extension server_name", "TLS_AES_128_GCM_SHA256"} <= set(features)
    assert "TLSv1.0" not in features
    assert not any("GREASE" in feature or "SCSV" in feature for feature in features)
    assert "SSLv2 format" in features_of_hello(load_profiles()["java-6"].player.templates[0])


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    server = Nginx(tmp_path)
    yield server
    server.stop()


def test_a_real_servers_row(nginx: Nginx, tmp_path: Path) -> None:
    """Debian's OpenSSL has neither SSLv3 nor RC4 and 3DES."""
    result = tls_matrix(
        "run", "--target", f"mine={nginx.address}", "--client", "set:core", "--out", tmp_path / "run"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    said = "works for clients with TLSv1.0 or later and AES-CBC; none of the 5 that fail has both"
    assert inferences(load_run(tmp_path / "run"))["mine"] == [said]
