"""What a hello is like: named features that intolerances and checks are tied to. Pure.

Plain words are in `FEATURES`, and those about a hello's form in `handshake.server.lenient_hello.FLAWS` (they
exist where hellos are read leniently). With a colon and an argument:

* `extension:<name>`: the extension is there (IANA name or hex);
* `repeated-extension:<name>`: it is there more than once;
* `extension-not-last:<name>`: it is there, but not in last place;
* `body-not:<name>:<layout>`: it is there, and its body is not laid out like that (`handshake.server.layout`);
* `host-name-not:<regular expression>`: a host_name of server_name is something else;
* `none-of:<name>:<code>,<code>...`: the extension is a list of 16-bit numbers and has none of these;
* `version-below:<version>`: its client_version is lower;
* `offers-version:<version>`: supported_versions has it.

"not " in front of a feature turns it round, and " and " between two asks for both.

The catalogue of documented intolerances is in the research note on servers, section 4.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from handshake.errors import DecodeError
from handshake.server.layout import parse_layout
from handshake.server.lenient_hello import FLAWS, LenientClientHello
from handshake.wire.buffer import Reader
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.client_hello import MAX_SESSION_ID_SIZE, ClientHello
from handshake.wire.extensions import (
    HOST_NAME,
    pull_key_share_list,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.registry import ExtensionType, ProtocolVersion, parse_extension_type, parse_version

NULL_COMPRESSION = 0
AND, NOT = " and ", "not "


def _has_extension_block(hello: ClientHello) -> bool:
    return hello.extensions is not None


def _has_non_empty_extension(hello: ClientHello) -> bool:
    return any(extension.body for extension in hello.extensions or ())


def _has_empty_last_extension(hello: ClientHello) -> bool:
    return bool(hello.extensions) and not (hello.extensions or ())[-1].body


def _has_ec_cipher_suite(hello: ClientHello) -> bool:
    return any(
        "_ECDH" in CIPHER_SUITES[suite].iana for suite in hello.cipher_suites if suite in CIPHER_SUITES
    )


def _has_repeated_name_type(hello: ClientHello) -> bool:
    types = [name_type for name_type, _ in _server_names(hello)]
    return len(set(types)) < len(types)


def _has_several_host_names(hello: ClientHello) -> bool:
    return len(list(_host_names(hello))) > 1


def _lacks_host_name(hello: ClientHello) -> bool:
    has_extension = hello.extension(ExtensionType.SERVER_NAME) is not None
    return has_extension and not list(_host_names(hello))


def _has_key_shares_unlike_groups(hello: ClientHello) -> bool:
    """Whether key_share has other groups than supported_groups, one twice, or another order (RFC 8446 section
    4.2.8).
    """
    key_share, groups = (
        hello.extension(each) or b"" for each in (ExtensionType.KEY_SHARE, ExtensionType.SUPPORTED_GROUPS)
    )
    try:
        shared = [group for group, _ in pull_key_share_list(key_share)]
        named = pull_supported_groups(groups)
    except DecodeError:
        return False
    return shared != [group for group in named if group in shared]


def _lacks_major_version_3(hello: ClientHello) -> bool:
    return hello.legacy_version >> 8 != ProtocolVersion.SSL_3_0 >> 8


FEATURES: Mapping[str, Callable[[ClientHello], bool]] = {
    "extension-block": _has_extension_block,
    "non-empty-extension": _has_non_empty_extension,
    "empty-last-extension": _has_empty_last_extension,
    "ec-cipher-suite": _has_ec_cipher_suite,
    "session-id-over-32": lambda hello: len(hello.session_id) > MAX_SESSION_ID_SIZE,
    "no-cipher-suites": lambda hello: not hello.cipher_suites,
    "no-compression-methods": lambda hello: not hello.compression_methods,
    "no-null-compression": lambda hello: NULL_COMPRESSION not in hello.compression_methods,
    "version-without-major-3": _lacks_major_version_3,
    "repeated-name-type": _has_repeated_name_type,
    "several-host-names": _has_several_host_names,
    "no-host-name": _lacks_host_name,
    "key-shares-unlike-groups": _has_key_shares_unlike_groups,
}


def _has_extension(hello: ClientHello, name: str) -> bool:
    return hello.extension(parse_extension_type(name)) is not None


def _has_repeated_extension(hello: ClientHello, name: str) -> bool:
    extension_type = parse_extension_type(name)
    return [each.extension_type for each in hello.extensions or ()].count(extension_type) > 1


def _has_extension_before_last(hello: ClientHello, name: str) -> bool:
    extension_type = parse_extension_type(name)
    return any(each.extension_type == extension_type for each in (hello.extensions or ())[:-1])


def _has_other_body(hello: ClientHello, argument: str) -> bool:
    name, _, text = argument.partition(":")
    extension_type, layout = parse_extension_type(name), parse_layout(text)
    if isinstance(hello, LenientClientHello) and hello.last_extension_counts:
        body = hello.extension(extension_type)
        return body is not None and not layout.fits(body)
    return any(
        not layout.fits(each.body) for each in hello.extensions or () if each.extension_type == extension_type
    )


def _has_other_host_name(hello: ClientHello, expression: str) -> bool:
    pattern = _pattern(expression)
    return any(pattern.fullmatch(name) is None for name in _host_names(hello))


def _lists_none_of(hello: ClientHello, argument: str) -> bool:
    name, _, codes = argument.partition(":")
    body = hello.extension(parse_extension_type(name))
    wanted = {int(code, 0) for code in codes.split(",")}
    try:
        return bool(body) and wanted.isdisjoint(pull_supported_groups(body or b""))
    except DecodeError:
        return False


def _has_version_below(hello: ClientHello, name: str) -> bool:
    return hello.legacy_version < parse_version(name)


def _offers_version(hello: ClientHello, name: str) -> bool:
    version = parse_version(name)
    body = hello.extension(ExtensionType.SUPPORTED_VERSIONS) or b""
    try:
        return version in pull_supported_versions(body)
    except DecodeError:
        return False


PARAMETRIC_FEATURES: Mapping[str, Callable[[ClientHello, str], bool]] = {
    "extension": _has_extension,
    "repeated-extension": _has_repeated_extension,
    "extension-not-last": _has_extension_before_last,
    "body-not": _has_other_body,
    "host-name-not": _has_other_host_name,
    "none-of": _lists_none_of,
    "version-below": _has_version_below,
    "offers-version": _offers_version,
}


def has_feature(hello: ClientHello, feature: str) -> bool:
    """Whether `hello` has the feature. Raises ValueError for a word that is none."""
    parts = [_has(hello, part) for part in feature.split(AND)]  # every part is read, so that all are judged
    return all(parts)


def _has(hello: ClientHello, feature: str) -> bool:
    if feature.startswith(NOT):
        return not _has(hello, feature.removeprefix(NOT))
    if feature in FLAWS:
        return isinstance(hello, LenientClientHello) and feature in hello.flaws
    if feature in FEATURES:
        return FEATURES[feature](hello)
    word, colon, argument = feature.partition(":")
    if not colon or word not in PARAMETRIC_FEATURES:
        known = ", ".join([*FEATURES, *FLAWS, *(f"{word}:..." for word in PARAMETRIC_FEATURES)])
        raise ValueError(f"{feature!r} is no feature of a hello; there are {known}")
    return PARAMETRIC_FEATURES[word](hello, argument)


def _server_names(hello: ClientHello) -> tuple[tuple[int, bytes], ...]:
    """The names of server_name, as many as can be read."""
    names = []
    try:
        reader = Reader(hello.extension(ExtensionType.SERVER_NAME) or b"").block(2)
        while reader.remaining:
            names.append((reader.pull_uint(1), reader.pull_vector(2)))
    except DecodeError:
        pass
    return tuple(names)


def _host_names(hello: ClientHello) -> Iterator[bytes]:
    return (name for name_type, name in _server_names(hello) if name_type == HOST_NAME)


def _pattern(expression: str) -> re.Pattern[bytes]:
    try:
        return re.compile(expression.encode("ascii"))
    except (re.error, UnicodeEncodeError) as error:
        raise ValueError(f"{expression!r} is no regular expression: {error}") from None
