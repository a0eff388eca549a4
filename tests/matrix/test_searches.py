"""What split-hello and large-hello blame. The searches are pure, so they are tried with every kind of server:
one that answers the first flights of which a predicate holds.
"""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from clients.player import PlayedHello, Player
from clients.profile import load_profiles
from handshake.features import FirstFlight, flight_of, parse_feature
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Reason, parse_reason
from handshake.wire.extensions import pull_key_share_list, pull_supported_groups, push_supported_groups
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion
from matrix.judgement.outcome import Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts
from matrix.scenarios import SCENARIOS, large_hello, split_hello
from matrix.scenarios.probing import MAX_SILENT_PROBES, ORDINARY, Answer, Blame, Probing, Search
from matrix.scenarios.smaller import ML_KEM_GROUPS, smaller_hellos
from matrix.scenarios.variants import LEAST_PADDING, Variant, length_of
from servers.declared import Declared, DeclaredRefusals

Predicate = Callable[[FirstFlight], bool]
FIN, SILENCE = parse_reason("server-hello:fin"), parse_reason("server-hello:timeout")
HELLOS = {
    name: profile.player.templates[0]
    for name, profile in load_profiles().items()
    if name in ("openssl-3.0", "java-6-tlsv1-aes128", "chromium-156", "firefox-9-sslv3", "ie6-winxp")
}
SMALL, SSLV2 = HELLOS["openssl-3.0"], HELLOS["ie6-winxp"]
WITH_EXTENSIONS = ("openssl-3.0", "java-6-tlsv1-aes128", "chromium-156")


def searched(
    probing: Probing,
    hello: HelloTemplate,
    answers: Predicate,
    reason: Reason = FIN,
    segment_size: int | None = None,
) -> tuple[Sequence[Blame], list[Variant]]:
    """What the search blames, and what it has asked for."""
    return carried_out(probing.search(hello), answers, reason, segment_size)


def carried_out(
    search: Search, answers: Predicate, reason: Reason = FIN, segment_size: int | None = None
) -> tuple[Sequence[Blame], list[Variant]]:
    """The same of a search that has not begun."""
    asked: list[Variant] = []
    try:
        variant = next(search)
        while True:
            asked.append(variant)
            is_answered = answers(flight_of(variant.hello))
            variant = search.send(Answer(is_answered, None if is_answered else reason, segment_size))
    except StopIteration as end:
        blames: Sequence[Blame] = end.value
    assert all(not answers(flight_of(blame.variant.hello)) for blame in blames)
    assert all(blame.variant in asked or blame.variant.words == ORDINARY for blame in blames)
    return blames, asked


def blamed(probing: Probing, hello: HelloTemplate, answers: Predicate, **more: object) -> list[str]:
    blames, _ = searched(probing, hello, answers, **more)  # type: ignore[arg-type]
    return [blame.words for blame in blames]


def lacks(*features: str) -> Predicate:
    """Answers hellos without any of the features."""
    parsed = [parse_feature(feature) for feature in features]
    return lambda flight: not any(feature.present(flight) for feature in parsed)


@pytest.mark.parametrize("name", HELLOS)
@pytest.mark.parametrize("probing", [split_hello.PROBING, large_hello.PROBING], ids=["split", "large"])
def test_a_server_that_answers_everything_is_blamed_for_nothing(name: str, probing: Probing) -> None:
    if probing.why_not(HELLOS[name]) is None:
        blames, asked = searched(probing, HELLOS[name], lambda flight: True)
        assert blames == []
        assert len(asked) <= 4


@pytest.mark.parametrize("name", HELLOS)
def test_segments_are_blamed_and_nothing_else(name: str) -> None:
    assert blamed(split_hello.PROBING, HELLOS[name], lacks("segment-count:2..")) == [
        "does not answer a hello that arrives in two segments, 0.25 s apart; in one it does"
    ]


@pytest.mark.parametrize("name", WITH_EXTENSIONS)
def test_records_are_blamed_by_their_number_or_by_the_length_of_the_first(name: str) -> None:
    hello = HELLOS[name]
    assert blamed(split_hello.PROBING, hello, lacks("record-count:2..")) == [
        "does not answer a hello in two records; in one record it does"
    ]
    for length in range(1, min(56, flight_of(hello).length * 3 // 4)):
        (words,) = blamed(split_hello.PROBING, hello, lacks(f"first-record-length:..{length}"))
        unit = "byte" if length == 1 else "bytes"
        assert words == (
            f"answers a hello whose first record has {length + 1} bytes, not one whose first record has "
            f"{length} {unit}"
        )


def test_many_records_are_blamed_with_the_nearest_that_are_answered() -> None:
    (words,) = blamed(split_hello.PROBING, SMALL, lacks("record-count:33.."))
    length = flight_of(SMALL).length
    fits = next(size for size in range(1, length) if -(-length // size) <= 32)
    counts = -(-length // fits), -(-length // (fits - 1))
    answered, unanswered = f"{counts[0]} records of {fits}", f"{counts[1]} records of {fits - 1}"
    assert words == f"answers a hello in {answered} bytes, not in {unanswered} bytes"


def test_the_size_is_blamed_where_a_hello_in_tiny_records_is_only_too_long() -> None:
    """Records of one byte make six bytes of each."""
    limit = 1500
    words = blamed(split_hello.PROBING, SMALL, lambda flight: sum(flight.segments) <= limit)
    as_long = 6 * flight_of(SMALL).length - 5
    assert words == [
        f"does not answer a hello in records of 1 byte; nor one as long in one record, of {as_long:,} bytes"
    ]


def test_two_things_are_blamed_together() -> None:
    assert len(blamed(split_hello.PROBING, SMALL, lacks("segment-count:2..", "record-count:2.."))) == 2


def test_a_hello_in_the_format_of_sslv2_is_not_cut_into_records() -> None:
    _, asked = searched(split_hello.PROBING, SSLV2, lambda flight: True)
    assert SSLV2.format is HelloFormat.SSLV2
    assert [variant.words for variant in asked] == ["in two segments"]


@pytest.mark.parametrize("name", WITH_EXTENSIONS)
@pytest.mark.parametrize("limit", [1400, 1460, 2047, 4095, 8191, 16383, 16384, 16388, 32767, 32772, 40959])
def test_the_size_is_named_to_the_byte(name: str, limit: int) -> None:
    hello = HELLOS[name]
    if limit < flight_of(hello).length:
        return  # such a server answers the ordinary hello neither
    words = blamed(large_hello.PROBING, hello, lambda flight: flight.length <= limit)
    assert words == [f"answers a hello of {limit:,} bytes, not one of {limit + 1:,} bytes"]


@pytest.mark.parametrize("limit", range(700, 40960, 999))
def test_silence_costs_few_probes_and_the_size_is_near(limit: int) -> None:
    blames, asked = searched(
        large_hello.PROBING, SMALL, lambda flight: flight.length <= limit, reason=SILENCE
    )
    (blame,) = blames
    answered, unanswered = (int(word.replace(",", "")) for word in blame.words.split() if word[:1].isdigit())
    assert answered <= limit < unanswered
    silent = [variant for variant in asked if flight_of(variant.hello).length > limit]
    assert len(silent) <= MAX_SILENT_PROBES + 1
    assert unanswered - answered <= (40960 - 16384) / 2**MAX_SILENT_PROBES + 1


def test_a_padding_extension_is_blamed_before_any_size() -> None:
    words = blamed(large_hello.PROBING, SMALL, lacks("extension:padding"))
    assert words == ["does not answer a hello with a padding extension"]


def test_records_are_blamed_where_a_small_hello_in_as_many_is_not_answered() -> None:
    assert blamed(large_hello.PROBING, SMALL, lacks("record-count:2..")) == [
        "does not answer a hello of 40,960 bytes, which needs 3 records; nor the ordinary one in 3 records: "
        "it minds the records"
    ]


def over_segments_of(size: int) -> Predicate:
    """A server that reads once, on a path whose segments have so many bytes."""
    return lambda flight: len(flight.segments) == 1 and sum(flight.segments) <= size


def test_segments_are_blamed_where_a_large_hello_needs_several() -> None:
    (words,) = blamed(large_hello.PROBING, SMALL, over_segments_of(1460), segment_size=1460)
    assert words.endswith("nor the ordinary one in two segments: it minds the segments")
    only_size = blamed(large_hello.PROBING, SMALL, lambda flight: flight.length <= 1460, segment_size=1460)
    assert only_size == ["answers a hello of 1,460 bytes, not one of 1,461 bytes"]


def predicted(scenario: str, hello: HelloTemplate, **features: str) -> Prediction | None:
    """What is predicted of a real server that refuses hellos with features."""
    told = {name.replace("__", ":").replace("_", "-"): cause for name, cause in features.items()}
    versions = (ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3)
    refusals = DeclaredRefusals(hello_with=told)
    server = ServerFacts(Declared(versions, hello.cipher_suites, refusals=refusals))
    client = Player((PlayedHello(hello),))
    return SCENARIOS[scenario].predict(client, server, Agreement(hello, ProtocolVersion.TLS_1_3))


def test_what_a_server_declares_is_what_is_predicted() -> None:
    refused = predicted("large-hello", SMALL, **{"hello_length__20000..": "alert-unexpected_message"})
    assert refused is not None
    assert (refused.outcome, str(refused.reason)) == (
        Outcome.FAILS,
        "server-hello:alert-unexpected_message",
    )
    assert refused.why == "the server answers a hello of 19,999 bytes, not one of 20,000 bytes"
    assert predicted("large-hello", SMALL) is None
    assert predicted("split-hello", SMALL, **{"hello_length__20000..": "fin"}) is None


def test_a_hello_that_cannot_be_padded_is_not_applicable() -> None:
    for hello in (SSLV2, replace(SMALL, extensions=None)):
        said = predicted("large-hello", hello)
        assert said is not None
        assert (said.outcome, str(said.reason)) == (
            Outcome.NOT_APPLICABLE,
            "client-hello:policy-no-extension-block",
        )
    assert predicted("large-hello", replace(SMALL, extensions=())) is None


POST_QUANTUM = {
    name: profile.player.templates[0]
    for name, profile in load_profiles().items()
    if name in ("chromium-156", "firefox-153", "go-1.27", "openssl-4.0", "node-24")
}
OWN = POST_QUANTUM["chromium-156"]
GROUPS, SHARES = ExtensionType.SUPPORTED_GROUPS, ExtensionType.KEY_SHARE


def searched_downwards(
    hello: HelloTemplate, answers: Predicate, reason: Reason = FIN, segment_size: int | None = None
) -> tuple[Sequence[Blame], list[Variant]] | None:
    """From the first smaller hello that is answered; None where none is."""
    downwards = large_hello.PROBING.downwards
    assert downwards is not None
    for smaller in downwards.smaller(hello):
        if answers(flight_of(smaller.hello)):
            search = downwards.search(hello, length_of(hello), smaller)
            return carried_out(search, answers, reason, segment_size)
    return None


def blamed_downwards(
    hello: HelloTemplate, answers: Predicate, segment_size: int | None = None
) -> list[str] | None:
    found = searched_downwards(hello, answers, FIN, segment_size)
    return None if found is None else [blame.words for blame in found[0]]


def over(limit: int) -> Predicate:
    """A server with room for so many bytes."""
    return lambda flight: flight.length <= limit


def groups_in(flight: FirstFlight) -> set[int]:
    bodies = [e.body for e in flight.hello.extensions or () if e.extension_type == GROUPS]
    return {group for body in bodies for group in pull_supported_groups(body)}


def groups_of(hello: HelloTemplate) -> set[int]:
    return groups_in(flight_of(hello))


def shares_of(hello: HelloTemplate) -> set[int]:
    bodies = [e.body for e in hello.extensions or () if e.extension_type == SHARES]
    return {group for body in bodies for group, _ in pull_key_share_list(body)}


def test_a_hello_is_made_smaller_step_by_step() -> None:
    words = [
        (each.words, length_of(each.hello) < length_of(OWN) - LEAST_PADDING) for each in smaller_hellos(OWN)
    ]
    assert words == [("without ML-KEM", True), ("without ML-KEM and ECH", True)]
    padded_only = load_profiles()["chrome-101"].player.templates[0]
    assert [each.words for each in smaller_hellos(padded_only)] == ["without padding"]


@pytest.mark.parametrize("name", ["openssl-3.0", "java-6-tlsv1-aes128", "firefox-9-sslv3", "ie6-winxp"])
def test_a_hello_without_anything_large_is_not_made_smaller(name: str) -> None:
    assert list(smaller_hellos(HELLOS[name])) == []


@pytest.mark.parametrize("name", POST_QUANTUM)
def test_without_ml_kem_neither_its_group_nor_its_share_is_offered(name: str) -> None:
    own = POST_QUANTUM[name]
    less = next(smaller_hellos(own)).hello
    assert groups_of(own) & ML_KEM_GROUPS
    assert shares_of(own) & ML_KEM_GROUPS
    assert groups_of(less) == groups_of(own) - ML_KEM_GROUPS
    assert shares_of(less) == shares_of(own) - ML_KEM_GROUPS
    assert shares_of(less)
    others = [e for e in own.extensions or () if e.extension_type not in (GROUPS, SHARES)]
    assert [e for e in less.extensions or () if e.extension_type not in (GROUPS, SHARES)] == others


def test_a_hello_of_ml_kem_alone_keeps_it() -> None:
    alone = tuple(
        replace(e, body=push_supported_groups((NamedGroup.X25519MLKEM768,)))
        if e.extension_type == GROUPS
        else e
        for e in POST_QUANTUM["go-1.27"].extensions or ()
    )
    assert list(smaller_hellos(replace(POST_QUANTUM["go-1.27"], extensions=alone))) == []


@pytest.mark.parametrize("name", POST_QUANTUM)
@pytest.mark.parametrize("limit", [900, 1023, 1200, 1400, 1460])
def test_the_size_is_named_where_the_own_hello_is_over_it(name: str, limit: int) -> None:
    found = searched_downwards(POST_QUANTUM[name], over(limit))
    assert found is not None
    (blame,), asked = found
    assert blame.words == (
        f"answers a hello of {limit:,} bytes, not one of {limit + 1:,} bytes; asked without ML-KEM"
    )
    assert len(asked) <= 16


def test_what_else_is_large_goes_where_the_hello_without_ml_kem_is_too_large() -> None:
    assert blamed_downwards(OWN, over(600)) == [
        "answers a hello of 600 bytes, not one of 601 bytes; asked without ML-KEM and ECH"
    ]


@pytest.mark.parametrize("name", POST_QUANTUM)
def test_nothing_is_said_where_no_smaller_hello_is_answered_either(name: str) -> None:
    assert blamed_downwards(POST_QUANTUM[name], over(200)) is None


def test_a_server_that_minds_ml_kem_is_not_said_to_mind_the_size() -> None:
    words = blamed_downwards(OWN, lambda flight: not groups_in(flight) & ML_KEM_GROUPS)
    assert words == [
        f"answers a hello without ML-KEM, also of {length_of(OWN):,} bytes: it does not mind the size"
    ]


def test_segments_are_blamed_downwards_where_the_smaller_hello_in_two_is_not_answered() -> None:
    (words,) = blamed_downwards(OWN, over_segments_of(1460), segment_size=1460) or [""]
    assert words.endswith("nor the smaller one in two segments: it minds the segments; asked without ML-KEM")


def test_where_padding_itself_is_minded_no_size_is_named() -> None:
    def answers(flight: FirstFlight) -> bool:
        return flight.length <= 1400 and lacks("extension:padding")(flight)

    assert blamed_downwards(OWN, answers) == []


def test_silence_costs_few_probes_downwards_too() -> None:
    found = searched_downwards(OWN, over(1400), SILENCE)
    assert found is not None
    (blame,), asked = found
    answered, unanswered = (int(word.replace(",", "")) for word in blame.words.split() if word[:1].isdigit())
    assert answered <= 1400 < unanswered
    assert sum(flight_of(variant.hello).length > 1400 for variant in asked) <= MAX_SILENT_PROBES + 1
