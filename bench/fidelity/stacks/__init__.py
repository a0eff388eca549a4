"""The real stacks that emulations are held against, and which emulation is held against which.

A stack is a context manager that takes the run's credentials and gives a `Running` one or says what is
`Missing`. All of them speak SSLv3 (where they can) and TLS 1.0 and nothing newer, as in the measurements
(research note on servers, section 7).
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from bench.fidelity.stacks import jdk, openssl, tlslite_ng
from bench.fidelity.stacks.running import Missing, Running
from servers.contract import PrivateKeyAndChain

__all__ = ["STACKS", "Missing", "Running", "Stack"]

Stack = Callable[[Mapping[str, PrivateKeyAndChain]], AbstractContextManager[Running | Missing]]

STACKS: Mapping[str, Stack] = {
    "jsse17-emulated@17": jdk.start,
    "openssl-3.0-emulated@3.0": openssl.start,
    "tlslite-emulated@0.8.2": tlslite_ng.start,
}
"""By the id of the emulated server."""
