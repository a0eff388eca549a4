"""Changing one thing of a hello and keeping it one that a client could send.

What the RFCs tie together goes together: an extension that another needs is not taken away alone, nothing
stands behind pre_shared_key (RFC 8446 section 4.2.11), a new extension does not become the last one, because
what is last matters to some servers (research note on servers, section 4, X4).
"""

from collections.abc import Sequence

from msgspec.structs import replace

from handshake.errors import DecodeError, LocalError
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.wire.extensions import (
    pull_key_share_list,
    pull_supported_groups,
    pull_supported_versions,
    push_key_share_list,
    push_supported_versions,
)
from handshake.wire.registry import ExtensionType, ProtocolVersion, is_grease, version_name

NEEDED_BY_TLS_1_3 = (
    ExtensionType.SUPPORTED_GROUPS,
    ExtensionType.SIGNATURE_ALGORITHMS,
    ExtensionType.KEY_SHARE,
)
"""Without these a hello cannot offer TLS 1.3 with a certificate (RFC 8446 section 9.2)."""
TLS_1_3_SUITES = range(0x1301, 0x1306)
"""RFC 8446 appendix B.4."""
_DEPENDENTS = (
    (ExtensionType.SUPPORTED_GROUPS, ExtensionType.KEY_SHARE),  # RFC 8446 section 4.2.8
    (ExtensionType.SIGNATURE_ALGORITHMS, ExtensionType.SIGNATURE_ALGORITHMS_CERT),  # section 4.2.3
    (ExtensionType.PSK_KEY_EXCHANGE_MODES, ExtensionType.PRE_SHARED_KEY),  # section 4.2.9
    (ExtensionType.PRE_SHARED_KEY, ExtensionType.EARLY_DATA),  # section 4.2.10
)
"""An extension, and one that makes no sense without it."""


def record_format(template: HelloTemplate) -> HelloTemplate:
    """The same offer in a TLS record. Raises LocalError where it can only be made in the format of SSLv2."""
    if template.client_version < ProtocolVersion.SSL_3_0:
        version = version_name(template.client_version)
        raise LocalError(f"a hello that offers {version} alone fits the format of SSLv2 only")
    record = template.in_record_format()
    if not record.cipher_suites:
        raise LocalError("all its cipher suites are SSLv2's own")
    return record


def first_of(template: HelloTemplate, extension_type: int) -> ExtensionTemplate | None:
    """The first extension of this type, None without one."""
    return next((e for e in template.extensions or () if e.extension_type == extension_type), None)


def with_extensions(template: HelloTemplate, extensions: Sequence[ExtensionTemplate]) -> HelloTemplate:
    """The hello with these extensions in this order. Raises LocalError if pre_shared_key is not the last."""
    types = [extension.extension_type for extension in extensions]
    if ExtensionType.PRE_SHARED_KEY in types[:-1]:
        raise LocalError("pre_shared_key must be the last extension (RFC 8446 section 4.2.11)")
    return replace(record_format(template), extensions=tuple(extensions))


def insert(template: HelloTemplate, extension: ExtensionTemplate) -> HelloTemplate:
    """The hello with one more extension, before its last one."""
    extensions = list(template.extensions or ())
    extensions.insert(max(len(extensions) - 1, 0), extension)
    return with_extensions(template, extensions)


def put(template: HelloTemplate, extension: ExtensionTemplate) -> HelloTemplate:
    """The hello with the extension in the place of the one of its type, or one more.

    Key shares in groups that are not named any more go (RFC 8446 section 4.2.8).
    """
    if first_of(template, extension.extension_type) is None:
        changed = insert(template, extension)
    else:
        extensions = list(template.extensions or ())
        types = [each.extension_type for each in extensions]
        extensions[types.index(extension.extension_type)] = extension
        changed = with_extensions(template, extensions)
    is_of_groups = extension.extension_type == ExtensionType.SUPPORTED_GROUPS
    return _with_shares_in(changed, extension.body) if is_of_groups else changed


def put_last(template: HelloTemplate, extension: ExtensionTemplate) -> HelloTemplate:
    """The hello with its extension of this type, or else `extension`, in the last place."""
    others = [e for e in template.extensions or () if e.extension_type != extension.extension_type]
    kept = first_of(template, extension.extension_type)
    return with_extensions(template, (*others, extension if kept is None else kept))


def put_body(template: HelloTemplate, extension_type: int, body: bytes) -> HelloTemplate:
    """The hello with this body in the extension; one that is made anew for each connection stays that."""
    before = first_of(template, extension_type)
    extension = ExtensionTemplate(extension_type, body)
    return put(template, extension if before is None else replace(before, body=body))


def remove(template: HelloTemplate, extension_type: int) -> HelloTemplate:
    """The hello without the extension and what cannot be there without it, TLS 1.3 included.

    A block that held nothing else goes with it.
    """
    gone = {extension_type}
    for needed, dependent in _DEPENDENTS:
        if needed in gone:
            gone.add(dependent)
    left = tuple(e for e in template.extensions or () if e.extension_type not in gone)
    changed = replace(template, extensions=left or None)
    return without_tls_1_3(changed) if gone & set(NEEDED_BY_TLS_1_3) else changed


def listed_versions(template: HelloTemplate) -> tuple[int, ...]:
    """What supported_versions lists; nothing without it."""
    extension = first_of(template, ExtensionType.SUPPORTED_VERSIONS)
    return () if extension is None else pull_supported_versions(extension.body)


def with_versions(template: HelloTemplate, versions: Sequence[int]) -> HelloTemplate:
    """The hello with these versions in supported_versions, which goes if none but GREASE is left."""
    if all(is_grease(version) for version in versions):
        return remove(template, ExtensionType.SUPPORTED_VERSIONS)
    return put_body(template, ExtensionType.SUPPORTED_VERSIONS, push_supported_versions(tuple(versions)))


def offers_tls_1_3(template: HelloTemplate) -> bool:
    """Whether supported_versions has TLS 1.3 or one of its drafts."""
    return any(_is_tls_1_3(version) for version in listed_versions(template))


def without_tls_1_3(template: HelloTemplate) -> HelloTemplate:
    """The hello with an offer of TLS 1.2 at most."""
    versions = listed_versions(template)
    left = [version for version in versions if not _is_tls_1_3(version)]
    return template if len(left) == len(versions) else with_versions(template, left)


def with_cipher_suites(template: HelloTemplate, suites: Sequence[int]) -> HelloTemplate:
    """The hello with these suites, and without TLS 1.3 if none of its suites is left.

    Raises LocalError where none at all is left.
    """
    if not suites:
        raise LocalError("a hello has at least one cipher suite (RFC 5246 section 7.4.1.2)")
    had, has = (any(code in TLS_1_3_SUITES for code in codes) for codes in (template.cipher_suites, suites))
    changed = replace(template, cipher_suites=tuple(suites))
    return without_tls_1_3(changed) if had and not has else changed


def with_client_version(template: HelloTemplate, version: int) -> HelloTemplate:
    """The hello with this client_version, and with no higher version in supported_versions.

    From TLS 1.2 on the extension may list more (RFC 8446 section 4.1.2); with SSLv3 there is none (appendix
    D.5).
    """
    versions = listed_versions(template)
    changed = replace(template, client_version=version)
    if version >= ProtocolVersion.TLS_1_2 or not versions:
        return changed
    is_sslv3 = version <= ProtocolVersion.SSL_3_0
    left = [each for each in versions if is_grease(each) or (each <= version and not is_sslv3)]
    return with_versions(changed, left)


def is_in_record(template: HelloTemplate) -> bool:
    """Whether the hello comes in a TLS record."""
    return template.format is HelloFormat.RECORD


def _with_shares_in(template: HelloTemplate, groups: bytes) -> HelloTemplate:
    shares = first_of(template, ExtensionType.KEY_SHARE)
    try:
        named = pull_supported_groups(groups)
        offered = () if shares is None else pull_key_share_list(shares.body)
    except DecodeError:
        return template
    left = tuple(share for group in named for share in offered if share[0] == group)
    if left == offered:
        return template
    return put_body(template, ExtensionType.KEY_SHARE, push_key_share_list(left))


def _is_tls_1_3(version: int) -> bool:
    return version == ProtocolVersion.TLS_1_3 or version >> 8 == 0x7F  # drafts: RFC 8446 before its number
