"""Features taken away from, and added to, the hellos of all profiles: what is said of a change holds.

A change that cannot be made is refused in one line; which ones may be is written down here.
"""

import os
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clients.profile import load_profiles
from clients.recorded import recorded_hello
from handshake.client.hello import fill_hello
from handshake.features import (
    Feature,
    FeatureError,
    differences,
    features_of,
    flight_of,
    parse_feature,
    recorded_flight,
)
from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.hello_template import ExtensionTemplate, Fill, HelloFormat, HelloTemplate
from handshake.wire.client_hello import pull_hello_flight
from handshake.wire.registry import ExtensionType, is_grease
from tests.handshake.features.examples import EXAMPLES

ALL_HELLOS = {
    f"{profile.id}/{number}": attempt.template
    for profile in load_profiles().values()
    for number, attempt in enumerate(profile.attempts, start=1)
}
TIED_TO_OTHERS = {
    ExtensionType.SUPPORTED_GROUPS,
    ExtensionType.SIGNATURE_ALGORITHMS,
    ExtensionType.KEY_SHARE,
    ExtensionType.PADDING,
}
FEATURES = sorted({feature for hello in ALL_HELLOS.values() for feature in features_of(hello)}, key=str)


MOST = 16


def covering(hellos: dict[str, HelloTemplate]) -> dict[str, HelloTemplate]:
    """Some hellos that have most of the features that any has: each brings the most that is new."""
    features = {name: features_of(hello) for name, hello in hellos.items()}
    left, chosen = {feature for each in features.values() for feature in each}, {}
    while left and len(chosen) < MOST:
        best = max(features, key=lambda name: len(left.intersection(features[name])))
        chosen[best] = hellos[best]
        left.difference_update(features[best])
    return chosen


HELLOS = covering(ALL_HELLOS)
"""Those that are changed: features times all hellos would take minutes and show no more."""
CANNOT_BE_ADDED = (
    r"challenge-length:\d+: only a hello in the format of SSLv2 has a challenge",
    r"cipher-suite:SSL_CK_\w+: it is SSLv2's own, and the hello is in a TLS record",
    r"(cipher-suite-before|first-cipher-suite):.*SSL_CK_.*: .*it is SSLv2's own.*",
    r"sslv2-cipher-suite: the hello is in a TLS record",
    r"hello-length:(\.\.255|256\.\.511): no padding gives its \d+ bytes such a length",
    r"hello-length:(512\.\.|1[04] mod 256): no padding gives its (76|98|101|125|173) bytes such a length",
    r"compression-method:deflate: a hello that offers TLS 1.3 has null alone \(RFC 8446 section 4.1.2\)",
    r"lists:key_share:(X25519Kyber768Draft00|MLKEM1024): this program makes no key share in \w+",
)
CANNOT_BE_REMOVED = (
    r"compression-method:null: it must be there \(RFC 5246 section 7.4.1.2\)",
    r"[a-z0-9-]*cipher-suite(:\w+)?: .*a hello has at least one cipher suite \(RFC 5246 section 7.4.1.2\)",
    r"hello-length:\.\.255: no padding gives its (76|98|101|125|173) bytes such a length",
    r"hello-length:512\.\.: no padding gives its 1\d{3} bytes such a length",  # a key share of ML-KEM
)


def tried(change: Callable[[HelloTemplate], HelloTemplate], template: HelloTemplate) -> HelloTemplate | str:
    """The changed hello, or the line that says why there is none."""
    try:
        return change(template)
    except FeatureError as error:
        return str(error)


def is_expected(refusal: str, feature: Feature, patterns: tuple[str, ...]) -> bool:
    found = re.fullmatch(r"(.*?) cannot be (?:added|removed): (.*)", refusal)
    is_about_it = found is not None and found[1] == feature.name
    return is_about_it and any(re.fullmatch(each, f"{feature.name}: {found[2]}") for each in patterns)


def is_sent_and_read(template: HelloTemplate) -> bool:
    """Whether the hello can be encoded, and every byte of it is read again as RFC 5246 and 8446 have it."""
    filled = fill_hello(template, "www.example.test", os.urandom)
    return pull_hello_flight(filled.wire) == filled.hello


@pytest.mark.parametrize("client", HELLOS)
@pytest.mark.parametrize("is_addition", [True, False], ids=["added", "removed"])
def test_every_feature_can_be_added_and_removed(client: str, is_addition: bool) -> None:
    template = HELLOS[client]
    for feature in FEATURES:
        had = feature.present(flight_of(template))
        changed = tried(feature.with_ if is_addition else feature.without, template)
        if isinstance(changed, str):
            assert had is not is_addition, changed
            assert is_expected(changed, feature, CANNOT_BE_ADDED if is_addition else CANNOT_BE_REMOVED), (
                changed
            )
            continue
        assert feature.present(flight_of(changed)) is is_addition, feature
        assert (changed == template) is (had is is_addition), feature
        assert changed == template or is_sent_and_read(changed), feature


MALFORMED = (
    r"(cut-off:[\w-]+|odd-cipher-suites|bytes-after-extensions|sslv2-(cut-off|bytes-left|no-cipher-specs|"
    r"session-id-over-32))"
)
ALSO_NOT = (
    rf"{MALFORMED}: no hello that this program sends is malformed like that",
    r"challenge-length:17\.\.: only a hello in the format of SSLv2 has a challenge",
    r"compression-method:deflate: a hello that offers TLS 1.3 has null alone \(RFC 8446 section 4.1.2\)",
    r"(first-)?record-length:\.\.[35]: no padding gives its (76|98|101|125|173) bytes such .*",
    r"not cipher-suite:\w+: .*a hello has at least one cipher suite \(RFC 5246 section 7.4.1.2\)",
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_only_sums_up_is_added_and_removed_too(name: str) -> None:
    """Also what no profile has; a hello may be malformed then, for that was asked for, but can be encoded."""
    feature, done = parse_feature(name), set()
    for client, template in HELLOS.items():
        for change, is_addition in ((feature.with_, True), (feature.without, False)):
            changed = tried(change, template)
            if isinstance(changed, str):
                patterns = (*CANNOT_BE_ADDED, *ALSO_NOT) if is_addition else CANNOT_BE_REMOVED
                assert is_expected(changed, feature, patterns), changed
                continue
            assert feature.present(flight_of(changed)) is is_addition, client
            assert fill_hello(changed, "www.example.test", os.urandom).wire
            done.add(is_addition)
    assert done == ({False} if re.fullmatch(MALFORMED, name) else {True, False})


changes = st.lists(st.tuples(st.sampled_from(FEATURES), st.booleans()), max_size=6)


@settings(max_examples=300)
@given(st.sampled_from(sorted(HELLOS)), changes)
def test_any_changes_one_after_the_other_give_a_hello_that_can_be_sent(
    client: str, wanted: list[tuple[Feature, bool]]
) -> None:
    template = HELLOS[client]
    for feature, is_addition in wanted:
        changed = tried(feature.with_ if is_addition else feature.without, template)
        if isinstance(changed, str):
            assert "\n" not in changed
            continue
        template = changed
        assert feature.present(flight_of(template)) is is_addition
        assert is_sent_and_read(template)


odd_changes = st.lists(
    st.tuples(st.sampled_from([*map(parse_feature, EXAMPLES), *FEATURES]), st.booleans()), max_size=8
)


@settings(max_examples=500)
@given(st.sampled_from(sorted(HELLOS)), odd_changes)
def test_a_hello_that_is_malformed_on_purpose_can_be_changed_too(
    client: str, wanted: list[tuple[Feature, bool]]
) -> None:
    template = HELLOS[client]
    for feature, is_addition in wanted:
        changed = tried(feature.with_ if is_addition else feature.without, template)
        if isinstance(changed, str):
            assert "\n" not in changed
            continue
        template = changed
        assert feature.present(flight_of(template)) is is_addition
        assert fill_hello(template, "www.example.test", os.urandom).wire
        assert all(found.present(flight_of(template)) for found in features_of(template))


@given(st.sampled_from(sorted(HELLOS)), st.data())
def test_what_a_hello_is_made_of_is_in_it(client: str, data: st.DataObject) -> None:
    flight = flight_of(HELLOS[client])
    own = features_of(flight)
    assert len(own) == len(set(own))
    assert all(feature.present(flight) for feature in own)
    other = data.draw(st.sampled_from(FEATURES))
    assert other.present(flight) or other not in own


@pytest.mark.parametrize("client", HELLOS)
def test_names_are_read_back(client: str) -> None:
    for feature in features_of(HELLOS[client]):
        assert parse_feature(feature.name) == feature
        assert "\n" not in feature.describe()


EVIDENCE = {
    f"{profile.id}/{number}": attempt.evidence
    for profile in load_profiles().values()
    for number, attempt in enumerate(profile.attempts, start=1)
    if attempt.evidence is not None
}


@pytest.mark.parametrize(("client", "evidence"), EVIDENCE.items())
def test_a_template_has_the_features_of_the_recorded_bytes(client: str, evidence: str) -> None:
    recorded = recorded_hello(evidence)
    assert recorded is not None
    from_bytes = recorded_flight(recorded.wire)
    assert features_of(flight_of(ALL_HELLOS[client], recorded.server_name)) == features_of(from_bytes)


def test_some_hellos_have_recorded_bytes() -> None:
    assert len(EVIDENCE) > len(ALL_HELLOS) / 2


def shape(template: HelloTemplate) -> object:
    """All of a template that is the same on each connection, GREASE apart."""
    is_sslv2 = template.format is HelloFormat.SSLV2
    extensions = template.extensions and [
        (each.extension_type, None if each.fill else _without_grease(each.extension_type, each.body))
        for each in template.extensions
        if not is_grease(each.extension_type) and each.fill is not Fill.PADDING
    ]
    return (
        template.client_version,
        [code for code in template.cipher_suites if not is_grease(code)],
        template.session_id_length,
        (template.challenge_length,) if is_sslv2 else (template.record_version, template.compression_methods),
        extensions,
    )


def _without_grease(extension_type: int, body: bytes) -> bytes:
    if extension_type in (ExtensionType.SUPPORTED_GROUPS, ExtensionType.SUPPORTED_VERSIONS):
        start = 2 - (extension_type == ExtensionType.SUPPORTED_VERSIONS)
        pairs = [body[i : i + 2] for i in range(start, len(body), 2)]
        return b"".join(pair for pair in pairs if not is_grease(int.from_bytes(pair, "big")))
    return body


def test_hellos_without_differences_are_of_one_shape_and_others_are_not() -> None:
    kinds = {Fill.SERVER_NAME, Fill.DOTTED_SERVER_NAME, Fill.PADDING}
    for first in HELLOS.values():
        for second in HELLOS.values():
            is_alike = shape(first) == shape(second)
            found = differences(first, second)
            assert bool(found) or is_alike
            filled = [{e.fill for e in t.extensions or ()} & kinds for t in (first, second)]
            if is_alike and filled[0] == filled[1]:
                told = {feature.name.partition(":")[0] for feature in found}
                assert told <= {"hello-length", "grease", "extension", "extension-last"}


@pytest.mark.parametrize("client", HELLOS)
def test_a_difference_is_had_by_one_side_only_whichever_comes_first(client: str) -> None:
    mine = HELLOS[client]
    for other in HELLOS.values():
        flights = flight_of(mine), flight_of(other)
        for pair in (flights, flights[::-1]):
            for feature in differences(*pair):
                assert feature.present(flights[0]) != feature.present(flights[1]), feature
    assert differences(mine, mine) == []


def test_a_changed_feature_is_among_the_differences() -> None:
    template = ALL_HELLOS["chrome-101/1"]
    for name in ("extension:server_name", "session-id", "record-version:TLSv1.0", "grease:group"):
        feature = parse_feature(name)
        assert feature in differences(template, feature.without(template))
    cut = replace(template, records=(100, 50))
    told = {feature.name for feature in differences(template, cut)}
    assert told == {"record-count:2..", "record-length:100", "record-length:50", "record-length:362"}


def test_a_change_is_small() -> None:
    """Nothing else moves: an extension that is added does not become the last one; what is there stays."""
    for template in HELLOS.values():
        if template.format is HelloFormat.SSLV2:
            continue
        extensions = template.extensions or ()
        added = parse_feature("extension:0x7777").with_(template).extensions or ()
        assert [each for each in added if each.extension_type != 0x7777] == list(extensions)
        assert added[-1:] == (extensions[-1:] or added)
        for index, extension in enumerate(extensions):
            name = f"extension:0x{extension.extension_type:04x}"
            left = parse_feature(name).without(template).extensions or ()
            if extension.extension_type not in TIED_TO_OTHERS:
                assert left == extensions[:index] + extensions[index + 1 :]
        for suite in template.cipher_suites[:3]:
            changed = tried(parse_feature(f"cipher-suite:0x{suite:04x}").without, template)
            if not isinstance(changed, str):
                assert changed.cipher_suites == tuple(
                    code for code in template.cipher_suites if code != suite
                )
                assert changed.extensions == template.extensions


def test_what_the_rfcs_tie_together_goes_together() -> None:
    template = ALL_HELLOS["chrome-101/1"]
    types = {each.extension_type for each in template.extensions or ()}

    def gone(name: str) -> set[str]:
        changed = flight_of(parse_feature(name).without(template))
        return {feature.name for feature in features_of(template) if not feature.present(changed)}

    assert {"offers-version:TLSv1.3", "extension:signature_algorithms"} <= gone(
        "extension:signature_algorithms"
    )
    assert {"offers-version:TLSv1.3", "extension:key_share"} <= gone("extension:supported_groups")
    assert "offers-version:TLSv1.3" in gone("tls13-cipher-suite")
    assert "lists:key_share:x25519" in gone("lists:supported_groups:x25519")
    assert "offers-version:TLSv1.3" not in gone("lists:supported_groups:x25519")
    assert gone("extension:status_request") == {
        "extension:status_request",
        "body:status_request:0100000000",
        "extension-before:application_layer_protocol_negotiation:status_request",
        "extension-before:status_request:signature_algorithms",
    }
    modern = parse_feature("offers-version:TLSv1.3").with_(ALL_HELLOS["java-8/1"])
    assert {"extension:key_share", "tls13-cipher-suite"} <= {feature.name for feature in features_of(modern)}
    assert ExtensionType.PRE_SHARED_KEY not in types
    with pytest.raises(FeatureError, match="it needs a session to resume"):
        parse_feature("extension:pre_shared_key").with_(template)
    with pytest.raises(FeatureError, match="this program makes no key share in X25519Kyber768Draft00"):
        parse_feature("lists:key_share:X25519Kyber768Draft00").with_(template)
    resuming = replace(
        template,
        extensions=(*(template.extensions or ()), ExtensionTemplate(ExtensionType.PRE_SHARED_KEY, b"x")),
    )
    last = parse_feature("extension:0x7777").with_(resuming).extensions or ()
    assert last[-1].extension_type == ExtensionType.PRE_SHARED_KEY
    with pytest.raises(FeatureError, match="pre_shared_key must be the last extension"):
        parse_feature("extension-last:session_ticket").with_(resuming)
    without_modes = parse_feature("extension:psk_key_exchange_modes").without(resuming)
    assert not parse_feature("extension:pre_shared_key").present(flight_of(without_modes))


class NeverThere(PlainFeature):
    """A feature whose changes do nothing."""

    NOTATION = "never-there"
    PHRASE = "nothing"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.length == 0

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return template

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return template


class AlwaysThere(NeverThere):
    """The same, the other way round."""

    NOTATION = "always-there"

    def _has(self, flight: FirstFlight) -> bool:
        return True


def test_a_change_that_changes_nothing_is_an_error_and_never_passed_on() -> None:
    template = ALL_HELLOS["java-8/1"]
    for change, done in ((NeverThere().with_, "added"), (AlwaysThere().without, "removed")):
        with pytest.raises(FeatureError, match=f"cannot be {done}: something else in the hello"):
            change(template)
    assert NeverThere().without(template) is template
    assert AlwaysThere().with_(template) is template
