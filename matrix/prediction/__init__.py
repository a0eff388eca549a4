"""What the two definitions alone say a cell should do: no common version, no common cipher suite, prime too
large, a hello that the server is declared not to tolerate ...

Pure. A prediction stands beside the observation; where they contradict each other, either a definition is
wrong or something is at work that no definition knows, and the contradiction is reported as a finding.
Nothing is predicted where the declared facts do not decide it (for instance when it depends on the server's
order of preference whether a Diffie-Hellman prime of a size the client refuses is used at all).

`offer` reads a client's hello, `of_server` a server's definition; `hello_form` and `obstacles` set one
against the other, and `predict` goes through the client's hellos in order.
"""

from matrix.prediction.certificate_request import why_too_long
from matrix.prediction.facts import Preference, ServerFacts
from matrix.prediction.obstacle import refused
from matrix.prediction.offer import offered_cipher_suites, offered_version_name, offered_versions
from matrix.prediction.predict import Agreement, Prediction, agreement, predict

__all__ = [
    "Agreement",
    "Prediction",
    "Preference",
    "ServerFacts",
    "agreement",
    "offered_cipher_suites",
    "offered_version_name",
    "offered_versions",
    "predict",
    "refused",
    "why_too_long",
]
