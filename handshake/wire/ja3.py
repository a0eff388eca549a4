"""JA3, the usual fingerprint of a ClientHello: version, suites, extensions, groups, point formats.

As published by its authors (salesforce/ja3): GREASE is left out, a field without values is empty, and the
hash is MD5. It says nothing about an SSLv2-format hello, and nothing about record version, compression or
the bodies of extensions.
"""

from collections.abc import Iterable
from hashlib import md5

from handshake.errors import DecodeError
from handshake.wire.client_hello import ClientHello, SSLv2ClientHello
from handshake.wire.extensions import pull_ec_point_formats, pull_supported_groups
from handshake.wire.registry import ExtensionType, is_grease


def ja3_string(hello: ClientHello | SSLv2ClientHello) -> str | None:
    """The five fields before hashing; None for an SSLv2-format hello."""
    if isinstance(hello, SSLv2ClientHello):
        return None
    return ",".join(
        (
            str(hello.legacy_version),
            _dashed(hello.cipher_suites),
            _dashed(extension.extension_type for extension in hello.extensions or ()),
            _dashed(_groups(hello)),
            _dashed(_point_formats(hello)),
        )
    )


def ja3(hello: ClientHello | SSLv2ClientHello) -> str | None:
    """The MD5 of `ja3_string` in hex; None for an SSLv2-format hello."""
    string = ja3_string(hello)
    return None if string is None else md5(string.encode("ascii"), usedforsecurity=False).hexdigest()


def _dashed(values: Iterable[int]) -> str:
    return "-".join([str(value) for value in values if not is_grease(value)])


def _groups(hello: ClientHello) -> tuple[int, ...]:
    body = hello.extension(ExtensionType.SUPPORTED_GROUPS)
    try:
        return pull_supported_groups(body) if body else ()
    except DecodeError:
        return ()


def _point_formats(hello: ClientHello) -> tuple[int, ...]:
    body = hello.extension(ExtensionType.EC_POINT_FORMATS)
    try:
        return pull_ec_point_formats(body) if body else ()
    except DecodeError:
        return ()
