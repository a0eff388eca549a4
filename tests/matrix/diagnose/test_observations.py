"""Files of observations: what is wrong with them is told with its line, and the command's exit statuses."""

import json
from pathlib import Path

import jsonschema
import pytest

from matrix.diagnose.observations import SCHEMA_FILE, ObservationError, json_schema
from tests.matrix.diagnose.seen import INCIDENT, rows_written
from tests.matrix.test_run import tls_matrix

FAILS = '[[observation]]\nclient = "biztalk-ws2008"\noutcome = "fails"\n'


def refused(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ObservationError) as refusal:
        rows_written(tmp_path, text)
    return refusal.value.lines


def diagnose(tmp_path: Path, text: str, *more: str) -> tuple[int, str, str]:
    path = tmp_path / "seen.toml"
    path.write_text(text)
    done = tls_matrix("diagnose", str(path), *more)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "observation: has none: write a table [[observation]] with client and outcome"),
        ("server = 'x'", "observation: has none: write a table [[observation]] with client and outcome"),
        ("observation = []", "observation (line 1): has none: write a table [[observation]]"),
        (501 * f"{FAILS}\n", "observation (line 1): has 501, more than 500: write each client once"),
        (
            FAILS.replace("observation", "observations"),
            "observations (line 1): no such key: did you mean observation?",
        ),
        ("[[observation]]\nclient = 'x'", "observation[0].outcome (line 1): is missing: add it"),
        (f"{FAILS}when = 1", "observation[0].when (line 4): no such key"),
        (FAILS.replace("fails", "failed"), "observation[0].outcome (line 3): is 'failed': write works,"),
        (
            FAILS.replace("biztalk-ws2008", "biztalk"),
            "there is no client 'biztalk': did you mean biztalk-ws2008",
        ),
        (f"{FAILS}attempt = 2", "observation[0].attempt (line 1): is 2, and biztalk-ws2008 has one hello"),
        (f"{FAILS}attempt = 0", "observation[0].attempt (line 4): is 0: write 1 or more"),
        (f"{FAILS}hello = 'x'", "stands beside hello: leave one of the two"),
        (f"{FAILS}reason = 'bang'", "observation[0].reason (line 4): 'bang' is no cause"),
        (f"{FAILS}sure = 'no'", "observation[0].sure (line 4): is 'no': write true or false"),
        (f"{FAILS}called_by = 'phone'", "is 'phone': write name or address"),
        (
            f"{FAILS}settings = ['jsse-no-ecc']",
            "jsse-no-ecc is for java-6*, java-7*, java-8*, not for biztalk-ws2008",
        ),
        (
            FAILS.replace("biztalk-ws2008", "java-6") + "settings = ['jsse-no-ecc']",
            "jsse-no-ecc changes nothing in the hello of java-6: drop it",
        ),
        (f"{FAILS}settings = ['nothing']", "there is no setting 'nothing'"),
        (FAILS.replace("fails", "works-after-fallback"), "has one hello and never tries again"),
        (FAILS.replace("fails", "works") + "reason = 'fin'", "what works has no reason"),
        (
            "[[observation]]\nhello = 'none.hex'\noutcome = 'fails'",
            "none.hex: No such file or directory",
        ),
        (
            "[[observation]]\nhello = 'seen.toml'\noutcome = 'fails'",
            "is no capture (pcap, pcapng) and no text",
        ),
        ('[[observation]]\nhello = "a\\u0000b"\noutcome = "fails"', "is no name of a file"),
        ("[[observation", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_what_is_wrong_is_one_line_each(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in refused(tmp_path, text))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    wrong = FAILS.replace("biztalk-ws2008", "nobody-1") + FAILS.replace("biztalk-ws2008", "nobody-2")
    assert [line.split(": ")[1] for line in refused(tmp_path, wrong)] == [
        "observation[0].client (line 1)",
        "observation[1].client (line 4)",
    ]


def test_too_many_are_refused(tmp_path: Path) -> None:
    assert "observation (line 1)" in refused(tmp_path, FAILS * 501)[0]


def test_a_file_that_is_not_there_is_one_line_and_an_example() -> None:
    done = tls_matrix("diagnose", "nothing.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tls-matrix: nothing.toml: cannot be read (No such file or directory)")
    assert "examples/incident-2012.toml is an example" in done.stderr


def test_the_incident_leaves_several_and_says_what_to_try() -> None:
    done = tls_matrix("diagnose", str(INCIDENT))
    assert done.returncode == 1, done.stderr
    assert "Try next:" in done.stdout
    assert "[[observation]]" in done.stdout
    assert "openssl-0.9.8-tls1 (line 52) works with" in done.stdout


def test_values_for_programs_say_the_same() -> None:
    done = tls_matrix("diagnose", str(INCIDENT), "--json")
    told = json.loads(done.stdout)
    assert told["schema"] == "tls-matrix/diagnosis/1"
    assert "extension:server_name" in told["possible"]
    assert told["is_one"] is False
    assert {"client", "if_fails", "if_works"} <= told["next"][0].keys()


def test_where_nothing_fails_nothing_is_found(tmp_path: Path) -> None:
    status, output, _ = diagnose(tmp_path, FAILS.replace("fails", "works"))
    assert status == 1
    assert "Nothing fails" in output


def test_a_contradiction_is_named_with_its_lines(tmp_path: Path) -> None:
    works = '[[observation]]\nclient = "wfetch-ws2008"\noutcome = "works"\n'
    other = '[[observation]]\nclient = "chrome-101"\noutcome = "fails"\n'
    status, output, _ = diagnose(tmp_path, FAILS + works + other)
    assert status == 1
    assert "Contradiction: biztalk-ws2008 (line 1) fails and wfetch-ws2008 (line 4) works" in output


def test_the_schema_is_the_models() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == json.loads(json.dumps(json_schema()))


@pytest.mark.parametrize(
    ("observation", "fits"),
    [
        ({"client": "java-7", "outcome": "works"}, True),
        ({"client": "java-7", "outcome": "fails", "reason": "reset", "sure": False, "attempt": 1}, True),
        ({"client": "java-7", "outcome": "maybe"}, False),
        ({"client": "java-7", "outcome": "works", "atempt": 1}, False),
    ],
)
def test_the_schema_is_for_editors(observation: dict[str, object], fits: bool) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
    assert validator.is_valid({"observation": [observation]}) is fits
