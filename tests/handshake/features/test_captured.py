"""The features of every captured hello, held against what its record says of it."""

import pytest

from handshake.features import features_of, parse_feature, recorded_flight
from handshake.features.cipher_suite import CipherSuite
from handshake.features.compression_method import Compression
from handshake.features.extension import Extension
from handshake.wire.registry import is_grease
from tests.handshake.wire.captured import CapturedHello, captured_records


@pytest.mark.parametrize("captured", captured_records(), ids=lambda captured: captured.id)
def test_the_features_of_a_captured_hello_are_those_of_its_record(captured: CapturedHello) -> None:
    features = features_of(recorded_flight(captured.raw))
    types = [code for code, _ in captured.extensions or ()]
    told = [feature.extension_type for feature in features if isinstance(feature, Extension)]
    assert told == [code for code in types if not is_grease(code)]
    suites = [feature.code for feature in features if isinstance(feature, CipherSuite)]
    assert suites == [code for code in dict.fromkeys(captured.cipher_suites) if not is_grease(code)]
    methods = [feature.code for feature in features if isinstance(feature, Compression)]
    assert bytes(methods) == (captured.compression_methods or b"")
    names = {feature.name for feature in features}
    assert ("sslv2-format" in names) is captured.sslv2_format
    assert ("extension-block" in names) is (captured.extensions is not None)
    assert ("grease:extension" in names) is any(map(is_grease, types))
    is_empty_last = bool(captured.extensions) and not (captured.extensions or ())[-1][1]
    assert ("empty-last-extension" in names) is is_empty_last
    length = len(captured.raw) - (2 if captured.sslv2_format else 5)
    assert ("hello-length:256..511" in names) is (256 <= length <= 511)
    assert all(parse_feature(feature.name) == feature for feature in features)
