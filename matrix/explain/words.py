"""An explanation in plain English: what the server minds, what it does not mind, how sure that is. Pure."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from operator import add

from handshake.features import Feature
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.cipher_suite import CipherSuite
from handshake.features.extension import Extension
from handshake.features.flight import flight_of
from handshake.features.negation import Negation
from handshake.features.version_from import VersionFrom
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV, cipher_suite_name
from handshake.wire.registry import alert_in_words, version_name
from matrix.explain.candidates import UNKNOWN_EXTENSION
from matrix.explain.choices import choices
from matrix.explain.control import REPEATS
from matrix.explain.doubts import RENEGOTIATION_INFO
from matrix.explain.hypotheses import Hypothesis, Joint, is_numeric
from matrix.explain.proof import Proof
from matrix.explain.result import MOST_TOLD, Explanation, Kind
from matrix.explain.trial import Trials
from matrix.wording import counted, joined

_REFUSES = {
    "fin": "closes the connection (FIN) on",
    "close_notify": "closes the connection (close_notify) on",
    "reset": "resets the connection on",
    "timeout": "does not answer",
}
_MOST_NAMED = MOST_TOLD
_MOST_DIFFERENCES = 6
_NOT_EXPLAINED = {
    Kind.PASSES: (
        "{client} gets through to {server}, {times} of {times} times, as it should: there is nothing to "
        "explain"
    ),
    Kind.ALL_FAIL: (
        "no hello that was tried gets past this at {server}: {sentence}. It is not the hello of {client} "
        "alone"
    ),
    Kind.NOT_TLS: (
        "{server} does not speak TLS: check the port, and name the protocol that comes before TLS, if there "
        "is one (--target HOST:PORT,starttls=PROTOCOL)"
    ),
    Kind.UNREACHABLE: "{server} cannot be reached: {sentence}",
    Kind.DOWN: "{server} went down while it was asked",
    Kind.BANNED: (
        "{server} no longer takes a hello that got through before, and not after a pause either: it may "
        "refuse this address now, after {probes}; nothing is concluded from its answers"
    ),
    Kind.RATE_LIMITED: (
        "{server} fails hellos that get through after a pause: it limits the rate of connections; ask again "
        "with a lower --rate"
    ),
    Kind.CHANGED: (
        "{server} answers the same hello otherwise than before: it has changed, or learns; nothing is "
        "concluded from its answers"
    ),
    Kind.SPENT: (
        "{probes} were not enough to explain what {server} does ({sentence}): give more with --max-probes"
    ),
}


def sentence(explanation: Explanation, server: str, client: str) -> str:
    """The result in one sentence, with what comes next behind it."""
    first, *others = (_sentence(each, server, client) for each in explanation.in_turn())
    joints = chain((". Without that: ",), repeat(". Without that too: "))
    return first + "".join(map(add, joints, others))


def cost(explanation: Explanation) -> str:
    """How many connections were made, and for which of several causes how many."""
    each = [found.probes_here for found in explanation.in_turn() if found.probes_here]
    made = f"{counted(explanation.probes, 'connection')} {'was' if explanation.probes == 1 else 'were'} made"
    if len(each) < 2:
        return made
    return f"{made}, for {len(each)} causes one after the other: {joined([str(number) for number in each])}"


def _sentence(explanation: Explanation, server: str, client: str) -> str:
    kind, answer = explanation.kind, explanation.answer
    match kind:
        case Kind.ONE:
            said = _fails(explanation, server, client, described(explanation.causes[0][0]))
            return "; ".join((said, *accepted(explanation)[:1]))
        case Kind.SEVERAL:
            return _fails(explanation, server, client, _several(explanation))
        case Kind.OWN_RULE:
            said = answer.sentence or answer.reason
            return f"the hello is not to blame: {said}; a client without that rule gets through"
        case Kind.SCENARIO:
            return answer.sentence or answer.reason
        case Kind.CHOICE:
            return _of_choice(explanation)
        case Kind.NONE:
            return _of_none(explanation, server)
        case Kind.FLAKY:
            rate = explanation.rate or 0.0
            return f"{server} is flaky: of {REPEATS} times the same hello failed {rate * REPEATS:.0f}"
    asked = counted(explanation.probes, "connection")
    return _NOT_EXPLAINED[kind].format(
        server=server, client=client, sentence=answer.sentence, probes=asked, times=explanation.probes
    )


def _several(explanation: Explanation) -> str:
    groups = [described(group[0]) for group in explanation.causes]
    if len(groups) == 1:
        return f"{groups[0]}, which could not be proved with two hellos"
    more = f"; and {len(groups) - _MOST_NAMED} more" if len(groups) > _MOST_NAMED else ""
    asked = f"{counted(explanation.probes, 'connection')} did not tell apart"
    why = asked if explanation.is_cut else "no hello tells apart"
    return f"one of these, which {why}: {'; '.join(groups[:_MOST_NAMED])}{more}"


def _fails(explanation: Explanation, server: str, client: str, what: str) -> str:
    """What becomes of any hello with the cause; `what` says it."""
    answer = explanation.answer
    phase, _, cause = answer.reason.partition(":")
    if explanation.rule:
        return f"{client} refuses what {server} chooses ({answer.sentence}) for any hello with {what}"
    if phase == "application-data" and cause.startswith("http-status-"):
        status = cause.removeprefix("http-status-")
        return f"{server} answers with HTTP status {status} any hello with {what}"
    if phase == "server-hello" and cause in _REFUSES:
        return f"{server} {_REFUSES[cause]} any hello with {what}"
    if phase == "server-hello" and cause.startswith("alert-"):
        alert = alert_in_words(cause.removeprefix("alert-"))
        return f"{server} refuses (alert {alert}) any hello with {what}"
    return f"with {server}, after any hello with {what}: {answer.sentence or answer.reason}"


def _of_choice(explanation: Explanation) -> str:
    found = choices(explanation.trials) if explanation.trials is not None else None
    assert found is not None, "the choice is what tells them apart"
    name = version_name if found.what == "version" else cipher_suite_name
    bad, good = ([name(code) for code in codes][:_MOST_NAMED] for codes in (found.failing, found.passing))
    reason = explanation.answer.sentence or explanation.answer.reason
    return (
        f"{reason}: whenever the server chooses the {found.what} {' or '.join(bad)}, and never when it "
        f"chooses {' or '.join(good)}, whatever else is in the hello"
    )


def _of_none(explanation: Explanation, server: str) -> str:
    proof = explanation.proof
    said = f"no single feature, pair or three of a hello explains what {server} does"
    if proof is None:
        return said
    names = [feature.describe() for feature in proof.differing[:_MOST_NAMED]]
    return f"{said}; the two hellos most alike of which one fails differ in {joined(names)}"


def described(cause: Hypothesis) -> str:
    """What the hello has, to go behind "a hello with"."""
    joint = " and " if cause.joint is Joint.ALL else " or "
    return joint.join(map(_part, cause.parts))


def _part(part: Feature) -> str:
    match part:
        case Negation(feature=VersionFrom(version=version)):
            return f"a client_version below {version_name(version)}"
        case Negation(feature=AnyCipherSuite(codes=codes)):
            names = joined([*map(cipher_suite_name, codes[:_MOST_NAMED]), *_more(len(codes) - _MOST_NAMED)])
            return f"none of the cipher suites that the server chose from other hellos ({names})"
        case _:
            return part.describe()


def _more(count: int) -> list[str]:
    return [f"{count} more"] if count > 0 else []


def accepted(explanation: Explanation) -> list[str]:
    """What the server does not mind, though it comes near the cause, each as a sentence."""
    trials = explanation.trials
    if trials is None or not explanation.causes:
        return []
    return list(_accepted(explanation.causes[0][0], trials))


def _accepted(cause: Hypothesis, trials: Trials) -> Iterator[str]:
    through, failing = trials.passing, list(trials.chosen(trials.failing))
    has_scsv = trials.having(CipherSuite(TLS_EMPTY_RENEGOTIATION_INFO_SCSV)) & through
    if RENEGOTIATION_INFO in cause.parts and has_scsv:
        yield "the SCSV is accepted"
    if trials.having(Extension(UNKNOWN_EXTENSION)) & through:
        yield "an unknown extension of the same size is accepted in its place"
    if any(map(is_numeric, cause.parts)) or not failing:
        return
    lengths = {trial.flight.length for trial in failing}
    long = [trial for trial in trials.chosen(through) if trial.flight.length in lengths]
    if long:
        yield f"a hello of the same length, {long[0].flight.length} bytes, is accepted without it"


def proof_sentence(proof: Proof) -> str:
    """What the two hellos of a proof show."""
    times = f"{proof.repeats} of {proof.repeats} times each"
    names = [feature.name for feature in proof.differing[:_MOST_DIFFERENCES]]
    more = len(proof.differing) - len(names)
    differ = joined([*names, *_more(more)]) if names else "nothing that has a name"
    sizes = [flight_of(hello).length for hello in (proof.failing, proof.passing)]
    return (
        f"a hello of {sizes[0]} bytes fails and one of {sizes[1]} bytes gets past that, {times}; they differ "
        f"in {differ}"
    )


def confidence(explanation: Explanation) -> str:
    """How sure it is: "high", "medium" or "low", and why."""
    match explanation.kind:
        case Kind.ONE if explanation.companions:
            names = joined([feature.describe() for feature in explanation.companions[:_MOST_NAMED]])
            more = max(len(explanation.companions) - _MOST_NAMED, 0)
            others = f" and {more} more" if more else ""
            return f"medium: each failing hello also had {names}{others}, never left out"
        case Kind.ONE:
            return "high: proved by two hellos that differ in the cause, each asked several times"
        case Kind.CHOICE | Kind.SCENARIO | Kind.OWN_RULE | Kind.PASSES | Kind.UNREACHABLE | Kind.NOT_TLS:
            return "high: seen in every hello that was asked"
        case Kind.ALL_FAIL:
            return "medium: seen in every hello that was asked, not in those of all clients"
        case Kind.SPENT:
            return "none: more hellos are needed (--max-probes)"
        case Kind.SEVERAL if explanation.is_cut:
            return "low: more hellos are needed to tell these apart (--max-probes)"
        case Kind.SEVERAL:
            return "low: no hello that could be asked tells these apart"
        case _:
            return "none: the server does not answer in a way that can be explained"


def features_in(causes: Sequence[Sequence[Hypothesis]]) -> list[Feature]:
    """The features of the likeliest cause of each group; of what is missing, that it is."""
    return list(dict.fromkeys(part for group in causes for part in group[0].parts))
