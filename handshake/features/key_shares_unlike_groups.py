"""Key shares that do not go with the groups."""

from collections.abc import Sequence

from handshake.errors import DecodeError
from handshake.features.arguments import PlainFeature
from handshake.features.bodies import GROUPS, public_value, usual_extension
from handshake.features.edits import first_of, put, put_body
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.extensions import pull_key_share_list, pull_supported_groups, push_key_share_list
from handshake.wire.registry import ExtensionType

Share = tuple[int, bytes]


class KeySharesUnlikeGroups(PlainFeature, frozen=True):
    """The key_share extension has other groups than supported_groups, one twice, or another order (RFC 8446
    section 4.2.8 forbids it).
    """

    NOTATION = "key-shares-unlike-groups"
    PHRASE = "key shares that do not go with its supported_groups"

    def _has(self, flight: FirstFlight) -> bool:
        key_share, groups = (
            flight.hello.extension(each) or b""
            for each in (ExtensionType.KEY_SHARE, ExtensionType.SUPPORTED_GROUPS)
        )
        try:
            shared = [group for group, _ in pull_key_share_list(key_share)]
            named = pull_supported_groups(groups)
        except DecodeError:
            return False
        return shared != [group for group in named if group in shared]

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        for needed in (ExtensionType.SUPPORTED_GROUPS, ExtensionType.KEY_SHARE):
            if first_of(template, needed) is None:
                template = put(template, usual_extension(template, needed))
        shares, named = _shares(template), _groups(template)
        if len({group for group, _ in shares}) > 1:
            return _with_shares(template, shares[::-1])
        other = next((group for group in GROUPS if group not in named), None)
        if other is not None:
            return _with_shares(template, (*shares, (other, public_value(other))))
        twice = shares or ((named[0], public_value(named[0])),)
        return _with_shares(template, twice * 2)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        shares = dict(_shares(template))
        in_order = [(group, shares[group]) for group in _groups(template) if group in shares]
        return _with_shares(template, in_order)


def _groups(template: HelloTemplate) -> tuple[int, ...]:
    extension = first_of(template, ExtensionType.SUPPORTED_GROUPS)
    return () if extension is None else pull_supported_groups(extension.body)


def _shares(template: HelloTemplate) -> tuple[Share, ...]:
    extension = first_of(template, ExtensionType.KEY_SHARE)
    return () if extension is None else pull_key_share_list(extension.body)


def _with_shares(template: HelloTemplate, shares: Sequence[Share]) -> HelloTemplate:
    return put_body(template, ExtensionType.KEY_SHARE, push_key_share_list(tuple(shares)))
