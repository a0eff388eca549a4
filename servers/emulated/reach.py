"""Which features an intolerance cannot fire for, because their hellos do not get past the records.

Whatever else would refuse a hello, an intolerance is judged first; but a record that `[emulation.records]`
does not let in is no hello yet.
"""

from handshake.features import Feature
from handshake.features.conjunction import Conjunction
from handshake.features.hello_length import HelloLength
from handshake.features.record_length import RecordLength
from handshake.features.record_version import RecordVersion
from handshake.server.strictness import HelloReading
from handshake.wire.record import MAJOR_VERSION, RecordRules


def why_out_of_reach(feature: Feature, records: RecordRules, reading: HelloReading | None) -> str | None:
    """Why no hello with the feature is ever judged, and what to do; None where one is."""
    match feature:
        case Conjunction():
            reasons = (why_out_of_reach(part, records, reading) for part in feature.features)
            return next((reason for reason in reasons if reason is not None), None)
        case RecordVersion() if not _lets_in(records, feature.version):
            return f"{feature} never fires: such a record is refused; set records.any_version = true"
        case RecordLength() if feature.numbers.low > records.max_fragment:
            return f"{feature} never fires: such a record is refused; set records.max_fragment higher"
        case RecordLength() if records.max_plaintext and feature.numbers.low > records.max_plaintext:
            return f"{feature} never fires: such a record is refused; set records.max_plaintext higher"
        case HelloLength() if feature.numbers.low > (reading or HelloReading()).max_message:
            return f"{feature} never fires: such a hello is refused; set reading.max_message higher"
    return None


def _lets_in(records: RecordRules, version: int) -> bool:
    is_negative = records.signed_major and version >= 0x8000
    return records.any_version or is_negative or version >> 8 == MAJOR_VERSION
