"""The client's hello made smaller, where the server does not answer it as it is: what is left out, and how
that is named.

What makes a hello large goes first: a share of ML-KEM has 800 to 1,600 bytes, and a curve can do without it.
Padding (RFC 7685) and an ECH of no meaning are 100 to 300 bytes, and say nothing to a server.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from handshake.errors import DecodeError
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.extensions import (
    pull_key_share_list,
    pull_supported_groups,
    push_key_share_list,
    push_supported_groups,
)
from handshake.wire.registry import ExtensionType, NamedGroup, is_grease
from matrix.scenarios.variants import LEAST_PADDING, Variant, can_be_padded, length_of

ML_KEM_GROUPS = frozenset(
    {
        NamedGroup.MLKEM512,
        NamedGroup.MLKEM768,
        NamedGroup.MLKEM1024,
        NamedGroup.SECP256R1MLKEM768,
        NamedGroup.X25519MLKEM768,
        NamedGroup.SECP384R1MLKEM1024,
        NamedGroup.CURVESM2MLKEM768,
        NamedGroup.X25519KYBER768DRAFT00,
        NamedGroup.SECP256R1KYBER768DRAFT00,
    }
)
"""Groups with a key of ML-KEM or its draft, alone or beside one of a curve (registry "TLS Supported
Groups").
"""
ML_KEM = "ML-KEM"
_FILLERS: Mapping[str, Callable[[ExtensionTemplate], bool]] = {
    "ECH": lambda extension: extension.fill is Fill.ECH_GREASE,
    "padding": lambda extension: extension.extension_type == ExtensionType.PADDING,
}
"""What a server learns nothing from, by its name."""


def smaller_hellos(hello: HelloTemplate) -> Iterator[Variant]:
    """The hello without ML-KEM, then without its fillers too; only such as padding can make as long again."""
    if not can_be_padded(hello):
        return
    less = _without_ml_kem(hello)
    left_out = [] if less == hello else [ML_KEM]
    if _is_much_smaller(less, hello):
        yield Variant(_without(left_out), less)
    least = replace(less, extensions=tuple(e for e in less.extensions or () if not _fillers_of(e)))
    fillers = [name for name in _FILLERS if any(name in _fillers_of(e) for e in less.extensions or ())]
    if fillers and _is_much_smaller(least, hello):
        yield Variant(_without([*left_out, *fillers]), least)


def _without(left_out: list[str]) -> str:
    return f"without {' and '.join(filter(None, (', '.join(left_out[:-1]), left_out[-1])))}"


def _is_much_smaller(less: HelloTemplate, hello: HelloTemplate) -> bool:
    return length_of(less) + LEAST_PADDING <= length_of(hello)


def _fillers_of(extension: ExtensionTemplate) -> list[str]:
    return [name for name, is_one in _FILLERS.items() if is_one(extension)]


def _without_ml_kem(hello: HelloTemplate) -> HelloTemplate:
    """The hello without these groups and their shares; as it is where no other group or share is left, and
    where they cannot be read.
    """
    changed = []
    for extension in hello.extensions or ():
        try:
            body = _plain_body(extension)
        except DecodeError:
            return hello
        if body is None:
            return hello
        changed.append(replace(extension, body=body))
    return replace(hello, extensions=tuple(changed))


def _plain_body(extension: ExtensionTemplate) -> bytes | None:
    """The body without these groups; None where there are no others."""
    if extension.extension_type == ExtensionType.SUPPORTED_GROUPS:
        groups = tuple(each for each in pull_supported_groups(extension.body) if each not in ML_KEM_GROUPS)
        return push_supported_groups(groups) if _has_a_real_one(groups) else None
    if extension.extension_type == ExtensionType.KEY_SHARE:
        shares = tuple(each for each in pull_key_share_list(extension.body) if each[0] not in ML_KEM_GROUPS)
        return push_key_share_list(shares) if _has_a_real_one(group for group, _ in shares) else None
    return extension.body


def _has_a_real_one(groups: Iterable[int]) -> bool:
    return any(not is_grease(group) for group in groups)
