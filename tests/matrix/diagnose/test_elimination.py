"""What follows from observations: ladders, doubts, contradictions, other failures, pairs and lengths."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from handshake.client.hello import fill_hello
from handshake.features import parse_feature
from handshake.hello_template import HelloTemplate
from handshake.reason import parse_cause
from matrix.diagnose.elimination import Diagnosis, diagnose
from matrix.diagnose.rows import Row, by_address
from matrix.explain.hypotheses import Hypothesis
from tests.matrix.diagnose.seen import found, profiles, rows_written

PLAIN = HelloTemplate(0x0301, (0x002F, 0x0035, 0x000A))


def hello(*features: str) -> HelloTemplate:
    template = PLAIN
    for name in features:
        template = parse_feature(name).with_(template)
    return template


def row(label: str, *features: str, works: bool = False, sure: bool = True) -> Row:
    return Row(label, (hello(*features),), works, is_sure=sure)


def names(hypotheses: Iterable[Hypothesis]) -> set[str]:
    return {each.name for each in hypotheses}


GROUPS, TICKET, SNI = "extension:supported_groups", "extension:session_ticket", "extension:server_name"


def test_a_feature_of_all_that_fail_and_of_none_that_works_is_possible() -> None:
    rows = [row("a", GROUPS, TICKET), row("b", GROUPS, SNI), row("c", TICKET, SNI, works=True)]
    diagnosis = diagnose(rows)
    assert GROUPS in names(diagnosis.possible)
    assert names(diagnosis.possible).isdisjoint({TICKET, SNI, "extension-block"})
    doubted = {each.hypothesis.name: [row.label for row in each.against] for each in diagnosis.ruled_out}
    assert doubted[TICKET] == ["b", "c"]
    assert doubted["extension-block"] == ["c"]


def test_the_absence_of_a_feature_is_possible() -> None:
    diagnosis = diagnose([row("a", SNI), row("b", GROUPS), row("c", TICKET, works=True)])
    assert f"not {TICKET}" in names(diagnosis.possible)


def test_a_length_is_possible() -> None:
    long, longer, short = (
        replace(PLAIN, cipher_suites=tuple(range(0x0080, 0x0080 + count))) for count in (120, 150, 90)
    )
    diagnosis = diagnose([Row("a", (long,), False), Row("b", (longer,), False), Row("c", (short,), True)])
    assert "hello-length:283.." in names(diagnosis.possible)
    assert "cipher-suite-count:120.." in names(diagnosis.possible)


def test_two_features_together_are_pairs_where_none_is_it_alone() -> None:
    rows = [
        row("a", GROUPS, TICKET),
        row("b", TICKET, GROUPS, SNI),
        row("c", GROUPS, SNI, works=True),
        row("d", TICKET, SNI, works=True),
        row("e", "extension:extended_master_secret", "extension:encrypt_then_mac", works=True),
    ]
    diagnosis = diagnose(rows)
    assert diagnosis.possible == ()
    assert any({GROUPS, TICKET} == {part.name for part in pair.parts} for pair in diagnosis.pairs)
    alone = {part.name for pair in diagnosis.pairs for part in pair.parts if {GROUPS, TICKET} == {part.name}}
    assert alone == set()


def test_either_of_two_features_is_a_pair() -> None:
    rows = [row("a", GROUPS), row("b", TICKET), row("c", SNI, works=True), row("d", works=True)]
    pairs = names(diagnose(rows).pairs)
    assert pairs & {f"{GROUPS} or {TICKET}", f"{TICKET} or {GROUPS}"}


def test_an_unsure_row_is_no_proof() -> None:
    rows = [row("a", GROUPS, TICKET), row("b", works=True), row("c", GROUPS, works=True, sure=False)]
    diagnosis = diagnose(rows)
    assert TICKET in names(diagnosis.possible)
    assert GROUPS in {each.hypothesis.name for each in diagnosis.doubtful}
    sure = diagnose([*rows[:2], replace(rows[2], is_sure=True)])
    assert GROUPS not in {each.hypothesis.name for each in sure.doubtful}


def test_two_sure_rows_that_contradict_each_other_are_named_and_not_counted() -> None:
    rows = [row("a", GROUPS), row("b", GROUPS, works=True), row("c", TICKET), row("d", works=True)]
    diagnosis = diagnose(rows)
    assert [(one.label, other.label) for one, other in diagnosis.contradictions] == [("a", "b")]
    assert TICKET in names(diagnosis.possible)


def test_of_two_rows_that_contradict_each_other_the_sure_one_counts() -> None:
    rows = [
        row("a", GROUPS, sure=False),
        row("b", GROUPS, works=True),
        row("c", TICKET),
        row("d", works=True),
    ]
    diagnosis = diagnose(rows)
    assert [row.label for row in diagnosis.rows] == ["b", "c", "d"]


def test_a_row_that_keeps_everything_from_agreeing_is_named() -> None:
    rows = [row("odd", TICKET), row("a", GROUPS), row("b", SNI, works=True), row("c", works=True)]
    rows.append(row("d", "extension:status_request", "extension:padding", works=True))
    diagnosis = diagnose(rows)
    assert diagnosis.possible == ()
    assert {label: GROUPS in names(possible) for label, possible in without(diagnosis)}["odd"]


def without(diagnosis: Diagnosis) -> list[tuple[str, tuple[Hypothesis, ...]]]:
    return [(row.label, possible) for row, possible in diagnosis.without]


def test_another_failure_is_left_out_and_told() -> None:
    alert, reset = parse_cause("alert-unexpected_message"), parse_cause("reset")
    rows = [
        replace(row("a", GROUPS), cause=alert),
        replace(row("b", GROUPS, SNI), cause=alert),
        replace(row("c", TICKET), cause=reset),
        row("d", works=True),
    ]
    diagnosis = diagnose(rows)
    assert GROUPS in names(diagnosis.possible)
    assert [(each.row.label, "another way" in each.why) for each in diagnosis.left_out] == [("c", True)]


def test_what_the_client_itself_refuses_says_nothing_of_the_server() -> None:
    rows = [
        replace(row("a", TICKET), cause=parse_cause("policy-dh-prime-bits")),
        row("b", GROUPS),
        row("c", works=True),
    ]
    diagnosis = diagnose(rows)
    assert GROUPS in names(diagnosis.possible)
    assert diagnosis.left_out[0].why == "was ended by the client itself (policy-dh-prime-bits)"


def test_without_a_failure_there_is_nothing_to_find() -> None:
    diagnosis = diagnose([row("a", works=True)])
    assert (diagnosis.failing, diagnosis.possible, diagnosis.pairs) == ([], (), ())


IE = 'client = "ie8-win7"'


@pytest.mark.parametrize(
    ("entry", "rows"),
    [
        (f'{IE}\noutcome = "works"', [("ie8-win7", True, 2)]),  # with which of its hellos is not known
        (f'{IE}\noutcome = "fails"', [("ie8-win7, attempt 1", False, 1)]),
        (f'{IE}\noutcome = "works"\nattempt = 2', [("ie8-win7, attempt 2", True, 1)]),
        (
            f'{IE}\noutcome = "works-after-fallback"',
            [("ie8-win7, attempt 1", False, 1), ("ie8-win7, attempt 2", True, 1)],
        ),
        ('client = "openssl-0.9.8-tls1"\noutcome = "fails"', [("openssl-0.9.8-tls1", False, 1)]),
    ],
)
def test_what_a_ladder_has_sent(tmp_path: Path, entry: str, rows: list[tuple[str, bool, int]]) -> None:
    read = rows_written(tmp_path, f"[[observation]]\n{entry}\n")
    assert [(row.label, row.works, len(row.hellos)) for row in read] == rows


def test_a_client_that_works_with_any_of_its_hellos_rules_out_only_what_they_all_have(tmp_path: Path) -> None:
    failing = '[[observation]]\nclient = "biztalk-ws2008"\noutcome = "fails"\n'
    working = f'[[observation]]\n{IE}\noutcome = "works"\n'
    possible = names(diagnose(rows_written(tmp_path, failing + working)).possible)
    assert GROUPS in possible  # its second hello, in SSLv3, may have been the one
    assert "rsa-key-exchange-cipher-suite" not in possible  # both have it
    surely = names(diagnose(rows_written(tmp_path, f"{failing}{working}attempt = 1\n")).possible)
    assert GROUPS not in surely


def test_the_name_stands_in_a_hello_unless_the_client_is_called_by_an_address(tmp_path: Path) -> None:
    entry = '[[observation]]\nclient = "biztalk-ws2008"\noutcome = "fails"\n'
    named, addressed = rows_written(tmp_path, f'{entry}{entry}called_by = "address"\n')
    assert addressed.label == "biztalk-ws2008 by address"
    assert addressed.hellos[0] == by_address(named.hellos[0]) != named.hellos[0]
    assert SNI not in names(diagnose([named, addressed, row("c", works=True)]).possible)


def test_a_setting_changes_the_hello(tmp_path: Path) -> None:
    entry = '[[observation]]\nclient = "java-7"\noutcome = "fails"\nsettings = ["jsse-no-server_name"]\n'
    (told,) = rows_written(tmp_path, entry)
    assert told.label == "java-7 with jsse-no-server_name"
    assert told.hellos[0] != profiles()["java-7"].attempts[0].template
    assert SNI not in names(diagnose([told, row("c", works=True)]).possible)


def test_a_hello_in_a_file_counts(tmp_path: Path) -> None:
    wire = fill_hello(hello(GROUPS), None, bytes).wire
    (tmp_path / "one.hex").write_text(wire.hex(" "))
    (tmp_path / "two.bin").write_bytes(wire)
    text = "".join(
        f'[[observation]]\nhello = "{name}"\noutcome = "fails"\n' for name in ("one.hex", "two.bin")
    )
    rows = rows_written(tmp_path, text)
    assert [len(each.hellos) for each in rows] == [1, 1]
    assert GROUPS in names(diagnose([*rows, row("c", works=True)]).possible)


def test_one_that_is_left_is_found_to_be_one() -> None:
    rows = [row("a", GROUPS), row("b", works=True)]
    _, left = found(rows)
    while left.proposals:
        experiment = left.proposals[0].experiment
        refused = parse_feature(GROUPS).present(experiment.flight)
        rows.append(Row(experiment.label, (experiment.hello,), not refused))
        _, left = found(rows)
    assert GROUPS in {member.name for group in left.groups for member in group.members}
