"""Two hellos of one client made comparable: what differs on every connection is put to one value.

What is left is compared to the byte, so that a length, an order or a value out of place is seen.
"""

from msgspec.structs import replace

from handshake.hello_template import ExtensionOrder, HelloTemplate
from handshake.wire.client_hello import ClientHello, Extension, push_client_hello
from handshake.wire.extensions import (
    pull_key_share_list,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
    push_key_share_list,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.registry import ExtensionType, is_grease

GREASE = 0x0A0A
ECH_START, ECH_ENC_END = 3, 40  # type, KDF; then AEAD, config_id, the length of enc and 32 bytes of it


def canonical(hello: ClientHello, template: HelloTemplate) -> bytes:
    """The hello's bytes without what `template` says is made anew for every connection."""
    extensions = tuple(map(_extension, hello.extensions or ()))
    if template.order is ExtensionOrder.PERMUTED:
        extensions = _in_order(extensions, template)
    return push_client_hello(
        replace(
            hello,
            random=bytes(32),
            session_id=bytes(len(hello.session_id)),
            cipher_suites=tuple(map(_code, hello.cipher_suites)),
            extensions=None if hello.extensions is None else extensions,
        )
    )


def order_of(hello: ClientHello) -> list[int]:
    """The types of its extensions in order, all of GREASE as one."""
    return [_code(extension.extension_type) for extension in hello.extensions or ()]


def _in_order(extensions: tuple[Extension, ...], template: HelloTemplate) -> tuple[Extension, ...]:
    """The movable extensions sorted by type; those that keep their places stay."""
    unmoved = {_code(code) for code in template.unmoved}
    movable = iter(
        sorted((e for e in extensions if e.extension_type not in unmoved), key=lambda e: e.extension_type)
    )
    return tuple(each if each.extension_type in unmoved else next(movable) for each in extensions)


def _extension(extension: Extension) -> Extension:
    body = extension.body
    match extension.extension_type:
        case ExtensionType.KEY_SHARE | ExtensionType.KEY_SHARE_DRAFT:
            shares = pull_key_share_list(body)
            body = push_key_share_list(tuple((_code(group), bytes(len(key))) for group, key in shares))
        case ExtensionType.SUPPORTED_GROUPS:
            body = push_supported_groups(tuple(map(_code, pull_supported_groups(body))))
        case ExtensionType.SUPPORTED_VERSIONS:
            body = push_supported_versions(tuple(map(_code, pull_supported_versions(body))))
        case ExtensionType.SIGNATURE_ALGORITHMS:
            body = push_signature_algorithms(tuple(map(_code, pull_signature_algorithms(body))))
        case ExtensionType.RENEGOTIATION_INFO:
            body = body[:1] + bytes(len(body) - 1)
        case ExtensionType.ENCRYPTED_CLIENT_HELLO:
            body = body[:ECH_START] + bytes(ECH_ENC_END - ECH_START)
    return Extension(_code(extension.extension_type), body)


def _code(code: int) -> int:
    return GREASE if is_grease(code) else code
