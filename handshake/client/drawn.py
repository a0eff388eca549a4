"""What a client draws anew for each hello: the order of its extensions, GREASE values, an ECH of no meaning.

Each function gives the template of one hello to be sent, from that of the profile and `entropy`. A second
hello after a HelloRetryRequest is made of the first one as it was sent, so that nothing of this is drawn
again (measured: Chromium 156); a renegotiation draws anew.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from handshake.errors import DecodeError
from handshake.hello_template import ExtensionOrder, ExtensionTemplate, Fill, GreaseValues, HelloTemplate
from handshake.wire.buffer import pack_uint, pack_vector
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

Entropy = Callable[[int], bytes]
_Item = TypeVar("_Item")

GREASE_VALUES = tuple(0x0A0A + 0x1010 * number for number in range(16))
"""The sixteen values of RFC 8701 section 2."""


def draw(template: HelloTemplate, entropy: Entropy) -> HelloTemplate:
    """The hello of this connection: everything drawn that the template says is drawn."""
    extensions = template.extensions
    if extensions is None:
        return template
    if template.order is ExtensionOrder.PERMUTED:
        extensions = permuted(extensions, template.unmoved, entropy)
    if Fill.ECH_GREASE in [each.fill for each in extensions]:
        extensions = tuple(_with_ech(each, entropy) for each in extensions)
    if extensions is not template.extensions:
        template = replace(template, extensions=extensions)
    return with_grease(template, entropy) if template.grease is GreaseValues.DRAWN else template


def permuted(
    extensions: tuple[ExtensionTemplate, ...], unmoved: frozenset[int], entropy: Entropy
) -> tuple[ExtensionTemplate, ...]:
    """The extensions in a random order; those of the types `unmoved` keep their places."""
    movable = [each for each in extensions if each.extension_type not in unmoved]
    for last in range(len(movable) - 1, 0, -1):
        other = _below(last + 1, entropy)
        movable[last], movable[other] = movable[other], movable[last]
    rest = iter(movable)
    return tuple(each if each.extension_type in unmoved else next(rest) for each in extensions)


def with_grease(template: HelloTemplate, entropy: Entropy) -> HelloTemplate:
    """The hello with new GREASE values wherever it has some (RFC 8701 section 3.1).

    A group and its key share keep one value between them; values of one place stay different. The places are
    those of BoringSSL (ssl/handshake_client.cc, ssl_get_grease_value): suites, extensions, groups, versions
    and signature schemes.
    """
    suites, types, groups, versions, schemes = (_Drawn(entropy) for _ in range(5))

    def of(extension: ExtensionTemplate) -> ExtensionTemplate:
        body = extension.body
        try:
            match extension.extension_type:
                case ExtensionType.SUPPORTED_GROUPS:
                    body = push_supported_groups(tuple(map(groups, pull_supported_groups(body))))
                case ExtensionType.KEY_SHARE:
                    shares = pull_key_share_list(body)
                    body = push_key_share_list(tuple((groups(group), key) for group, key in shares))
                case ExtensionType.SUPPORTED_VERSIONS:
                    body = push_supported_versions(tuple(map(versions, pull_supported_versions(body))))
                case ExtensionType.SIGNATURE_ALGORITHMS:
                    body = push_signature_algorithms(tuple(map(schemes, pull_signature_algorithms(body))))
        except DecodeError:
            pass  # malformed on purpose: it goes out as it is
        return replace(extension, extension_type=types(extension.extension_type), body=body)

    return replace(
        template,
        cipher_suites=tuple(map(suites, template.cipher_suites)),
        extensions=tuple(map(of, template.extensions or ())),
    )


class _Drawn:
    """New GREASE values of one place, by the values as written; other code points stay as they are."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._left = list(GREASE_VALUES)
        self._new: dict[int, int] = {}

    def __call__(self, code: int) -> int:
        if not is_grease(code):
            return code
        if code not in self._new:
            self._new[code] = self._left.pop(_below(len(self._left), self._entropy))
        return self._new[code]


def _with_ech(extension: ExtensionTemplate, entropy: Entropy) -> ExtensionTemplate:
    """An encrypted_client_hello of no meaning (draft-ietf-tls-esni section 6.2): type and KDF as written, one
    of the AEADs, a random config_id, a public key of X25519 as enc, and a payload of one of the sizes.

    Any 32 bytes are such a key; only made ones have no highest bit (RFC 7748 section 5).
    """
    if extension.fill is not Fill.ECH_GREASE:
        return extension
    payload = entropy(_one_of(extension.payload_sizes, entropy))
    drawn = entropy(32)
    enc = drawn[:31] + bytes([drawn[31] & 0x7F])
    fixed, aead = extension.body[:3], extension.body[3:5]
    if extension.aeads:
        aead = pack_uint(2, _one_of(extension.aeads, entropy))
    body = fixed + aead + entropy(1) + pack_vector(2, enc) + pack_vector(2, payload)
    return replace(extension, body=body)


def _one_of(items: Sequence[_Item], entropy: Entropy) -> _Item:
    return items[_below(len(items), entropy)]


def _below(count: int, entropy: Entropy) -> int:
    """A number from 0 to count - 1, each as likely within one in ten million."""
    return int.from_bytes(entropy(4), "big") % count
