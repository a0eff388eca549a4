"""How many cipher suites are offered."""

from collections.abc import Callable

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.edits import with_cipher_suites
from handshake.features.flight import FirstFlight
from handshake.features.numbers import nearest
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import REGISTERED_CIPHER_SUITES


class CipherSuiteCount(NumbersFeature, frozen=True):
    """The hello offers so many cipher suites, signalling values and GREASE among them: 28, 64.. and ..10 are
    such numbers.
    """

    NOTATION = "cipher-suite-count:<numbers>"
    PHRASE = "{}"

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("cipher suites"),)

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.cipher_suites) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _with_count(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _with_count(template, lambda count: count not in self.numbers)


def _with_count(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    suites = template.cipher_suites
    others = [code for code in REGISTERED_CIPHER_SUITES if code not in suites]
    most = len(suites) + len(others)
    count = next(nearest(len(suites), lambda count: count > 0 and is_wanted(count), most), None)
    if count is None:
        raise LocalError(f"there are 1 to {most} cipher suites to offer")
    return with_cipher_suites(template, (*suites, *others)[:count])
