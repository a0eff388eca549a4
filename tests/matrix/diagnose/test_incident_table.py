"""The observations of February 2012: what they allow, what they rule out, and how the search ends."""

import tomllib
from pathlib import Path

import pytest

from matrix.diagnose.elimination import Diagnosis
from tests.matrix.diagnose.seen import INCIDENT, found, minds, row_of, rows_in

YES, ONLY_IF, NO = "yes", "only if Firefox's SSLv3 had another cause", "no"
# What was worked out by hand: the last column of the table, and by which client, where it is no.
TABLE = {
    "extension-block": (NO, "openssl-0.9.8-tls1"),  # an empty session_ticket in every build with extensions
    "non-empty-extension": (YES, ""),
    "extension:server_name": (YES, ""),
    "extension:supported_groups": (YES, ""),
    "extension:ec_point_formats": (YES, ""),
    "ec-cipher-suite": (YES, ""),
    "extension:renegotiation_info": (ONLY_IF, "firefox-9, attempt 1"),
    "extension:status_request": (NO, "biztalk-ws2008"),
    "empty-last-extension": (NO, "biztalk-ws2008"),
    "first-cipher-suite:TLS_RSA_WITH_AES_128_CBC_SHA": (ONLY_IF, "firefox-9, attempt 1"),
    "cipher-suite-count:12": (ONLY_IF, "firefox-9, attempt 1"),
    "cipher-suite-count:..12": (NO, "ie8-win7, attempt 2"),
}
TRIGGERS = Path(__file__).parents[3] / "servers" / "webmethods-8.0.1" / "server.toml"


@pytest.fixture(scope="module")
def diagnosis() -> Diagnosis:
    return found(rows_in(INCIDENT))[0]


def verdict(diagnosis: Diagnosis, feature: str) -> tuple[str, list[str]]:
    """What is said of a feature, and the rows that speak against it."""
    if feature in {each.name for each in diagnosis.possible}:
        return YES, []
    for said, doubted in ((ONLY_IF, diagnosis.doubtful), (NO, diagnosis.ruled_out)):
        for each in doubted:
            if each.hypothesis.name == feature:
                return said, [row.label for row in each.against]
    return "not told", []


@pytest.mark.parametrize("feature", TABLE)
def test_each_line_of_the_table_comes_out(diagnosis: Diagnosis, feature: str) -> None:
    said, against = verdict(diagnosis, feature)
    expected, row = TABLE[feature]
    assert said == expected
    assert row in against or not row


def test_the_doubt_is_about_firefox_alone(diagnosis: Diagnosis) -> None:
    assert {row.label for each in diagnosis.doubtful for row in each.against} == {"firefox-9, attempt 1"}


def test_nothing_contradicts_and_nothing_is_left_out(diagnosis: Diagnosis) -> None:
    assert (diagnosis.contradictions, diagnosis.left_out) == ((), ())
    assert str(diagnosis.cause) == "alert-unexpected_message"


def hypotheses_of_2012() -> dict[str, list[str]]:
    """The hypotheses by which the emulated server behaves, and the features that it then minds."""
    toggle = tomllib.loads(TRIGGERS.read_text())["toggles"]["trigger"]
    return {name: value["emulation"]["intolerance"][0]["features"] for name, value in toggle["when"].items()}


AGREEING = [name for name in hypotheses_of_2012() if name != "extension-block"]


@pytest.mark.long(but=["non-empty-extension"])
@pytest.mark.parametrize("trigger", AGREEING)
def test_the_proposed_clients_find_the_cause_in_an_afternoon(trigger: str) -> None:
    features = hypotheses_of_2012()[trigger]
    rows = rows_in(INCIDENT)
    if trigger == "renegotiation_info":  # then Firefox's first hello has not failed
        rows = [row for row in rows if row.label != "firefox-9, attempt 1"]
    _, left = found(rows)
    most, asked = left.most_steps, 0
    while left.proposals:
        asked += 1
        experiment = left.proposals[0].experiment
        rows.append(row_of(experiment, works=not minds(features, experiment)))
        _, left = found(rows)
    assert asked <= most
    assert 1 <= asked <= 8
    assert set(features) & {member.name for group in left.groups for member in group.members}
    assert len(left.groups) == 1, [group.first.name for group in left.groups]


def test_an_answer_rules_out_what_it_was_asked_for() -> None:
    rows = rows_in(INCIDENT)
    _, left = found(rows)
    proposal = left.proposals[0]
    diagnosis, after = found([*rows, row_of(proposal.experiment, works=True)])
    gone = {group.first.name for group in proposal.if_fails}
    assert gone.isdisjoint(each.name for each in diagnosis.possible)
    assert {group.first.name for group in after.groups} == {group.first.name for group in proposal.if_works}
