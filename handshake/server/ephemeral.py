"""Which group an ephemeral key exchange uses: a function of the hello, the suite and the configuration.

Stacks differ here: by the suite's strength (OpenSSL), by the finite-field groups the client names (RFC 7919,
tlslite-ng and Java since 11), or not at all.
"""

from fnmatch import fnmatchcase

from handshake.crypto.dh_groups import FFDHE_RANGE, DHGroup, ffdhe_group
from handshake.crypto.suite_parameters import SuiteParameters
from handshake.server.configuration import ServerConfiguration
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_supported_groups
from handshake.wire.registry import ExtensionType


def names_ffdhe_groups(hello: ClientHello) -> bool:
    """Whether supported_groups has a finite-field group, known or not."""
    return any(group in FFDHE_RANGE for group in _named_groups(hello))


def dh_group_for(
    suite: SuiteParameters, hello: ClientHello, configuration: ServerConfiguration
) -> DHGroup | None:
    """The finite-field group for a suite; None where the server has none, or none that the client accepts."""
    if suite.is_export:
        return configuration.export_dh_group
    if configuration.ffdhe_groups:
        named = _named_groups(hello)
        common = next((group for group in named if group in configuration.ffdhe_groups), None)
        if common is not None:
            return ffdhe_group(common)
        if configuration.ffdhe_required and names_ffdhe_groups(hello):
            return None
    name = cipher_suite_name(suite.cipher_suite)
    by_suite = (each.group for each in configuration.dh_groups if fnmatchcase(name, each.cipher_suites))
    return next(by_suite, configuration.dh_group)


def _named_groups(hello: ClientHello) -> tuple[int, ...]:
    body = hello.extension(ExtensionType.SUPPORTED_GROUPS)
    return () if body is None else pull_supported_groups(body)
