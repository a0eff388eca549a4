"""An explanation as JSON, and as files: the two hellos as they are sent, record by record. Pure but for
`write_files`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clients.setting import Setting
from handshake.client.hello import blank_hello
from handshake.features import Feature
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.arguments import NumbersFeature
from handshake.features.flight import flight_of
from handshake.features.lists_any import ListsAny
from handshake.features.negation import Negation
from handshake.hello_template import HelloTemplate
from handshake.wire.record import Record, push_record, push_sslv2_record
from matrix.explain.advice import Advice, advice
from matrix.explain.hypotheses import Hypothesis, Joint
from matrix.explain.proof import Proof
from matrix.explain.result import MOST_TOLD, Explanation
from matrix.explain.words import accepted, confidence, cost, described, sentence
from matrix.results.run_file import to_json
from servers.intolerance import KnownIntolerance

SCHEMA = "tls-matrix/explanation/1"
FAILING, PASSING, JSON = "failing-hello.txt", "passing-hello.txt", "explanation.json"
_BYTES_A_LINE = 32
_NO_ADVICE = Advice((), (), ())


def document(
    explanation: Explanation, server: str, client: str, scenario: str, failing: HelloTemplate
) -> dict[str, Any]:
    """The explanation as JSON types; `failing` is the hello that was explained."""
    is_told = 0 < len(explanation.causes) <= MOST_TOLD
    found = advice(explanation.causes, client, failing) if is_told else _NO_ADVICE
    return {
        "schema": SCHEMA,
        "server": server,
        "client": client,
        "scenario": scenario,
        **_explanation(explanation, server, client),
        "known_products": [_product(each) for each in found.products],
        "settings": [_setting(each) for each in found.settings],
        "settings_of_other_clients": [_setting(each) for each in found.elsewhere],
    }


def write_files(folder: Path, written: Mapping[str, Any], proof: Proof | None) -> list[Path]:
    """Write the JSON and the two hellos into a folder, which is made. Raises OSError; then those that were
    there before stay, and none is new.
    """
    files = {JSON: to_json(written)}
    if proof is not None:
        files |= {FAILING: hello_text(proof.failing), PASSING: hello_text(proof.passing)}
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".tls-matrix-") as new:
        for name, text in files.items():
            (Path(new) / name).write_text(text, encoding="utf-8")
        for name in files:
            (Path(new) / name).replace(folder / name)
    for name in {FAILING, PASSING}.difference(files):
        (folder / name).unlink(missing_ok=True)  # of an earlier explanation, which is no longer there
    return [folder / name for name in files]


def hello_text(template: HelloTemplate) -> str:
    """The hello as a stream of hexadecimal digits; random bytes, keys and session ids are zeros in it."""
    stream = b"".join(_records(template)).hex()
    width = 2 * _BYTES_A_LINE
    return "".join(f"{stream[at : at + width]}\n" for at in range(0, len(stream), width))


def _records(template: HelloTemplate) -> list[bytes]:
    return [
        push_record(record) if isinstance(record, Record) else push_sslv2_record(record)
        for record in blank_hello(template, None).records
    ]


def _explanation(explanation: Explanation, server: str, client: str) -> dict[str, Any]:
    then = explanation.then
    return {
        "result": explanation.kind.value,
        "sentence": sentence(explanation, server, client),
        "reason": explanation.answer.reason,
        "confidence": confidence(explanation),
        "probes": explanation.probes,
        "cost": cost(explanation),
        "causes": [[_cause(each) for each in group] for group in explanation.causes],
        "evidence": _evidence(explanation),
        "nearest_passing_client": explanation.nearest,
        "rate_of_failures": explanation.rate,
        "is_rule_of_the_client": explanation.rule,
        "then": None if then is None else _explanation(then, server, client),
    }


def _cause(cause: Hypothesis) -> dict[str, Any]:
    return {
        "feature": cause.name,
        "kind": _kind(cause),
        "parts": [part.name for part in cause.parts],
        "text": described(cause),
    }


def _kind(cause: Hypothesis) -> str:
    if len(cause.parts) > 1:
        return "together" if cause.joint is Joint.ALL else "either"
    (part,) = cause.parts
    inner = part.feature if isinstance(part, Negation) else part
    if isinstance(inner, NumbersFeature):
        return "number"
    if isinstance(inner, AnyCipherSuite | ListsAny):
        return "none-of" if isinstance(part, Negation) else "any-of"
    return "absence" if isinstance(part, Negation) else "presence"


def _evidence(explanation: Explanation) -> dict[str, Any]:
    trials, proof = explanation.trials, explanation.proof
    counts = {"failed_so": 0, "got_past": 0, "failed_otherwise": 0}
    if trials is not None:
        counts = {
            "failed_so": trials.failing.bit_count(),
            "got_past": trials.passing.bit_count(),
            "failed_otherwise": len(trials) - trials.known.bit_count(),
        }
    return {
        "hellos": counts,
        "repeats": 0 if proof is None else proof.repeats,
        "failing": None if proof is None else _hello(proof.failing),
        "passing": None if proof is None else _hello(proof.passing),
        "differing": [] if proof is None else _names(proof.differing),
        "makes_the_failing_hello_pass": _change(explanation.mends),
        "makes_the_passing_hello_fail": _change(explanation.breaks),
        "accepted": accepted(explanation),
        "never_left_out": _names(explanation.companions),
    }


def _change(pair: Proof | None) -> list[str] | None:
    """The features that differ; None where no such hello was asked."""
    return None if pair is None else _names(pair.differing)


def _hello(template: HelloTemplate) -> dict[str, Any]:
    flight = flight_of(template)
    return {
        "length": flight.length,
        "records": [record.hex() for record in _records(template)],
        "segments": list(flight.segments),
    }


def _names(features: Sequence[Feature]) -> list[str]:
    return [feature.name for feature in features]


def _product(known: KnownIntolerance) -> dict[str, str]:
    return {
        "name": known.name,
        "who": known.who,
        "source": known.source,
        "confidence": known.confidence,
        "remedy": known.remedy,
    }


def _setting(setting: Setting) -> dict[str, str]:
    return {
        "id": setting.id,
        "how": setting.how,
        "source": setting.source,
        "confidence": setting.confidence,
        "note": setting.note,
    }
