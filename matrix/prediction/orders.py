"""The orders of extensions that a client which draws them may send, for servers to which the order matters.

There are too many for all. In these each extension is first once and last once, and before each other one at
times.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from handshake.hello_template import ExtensionOrder, ExtensionTemplate, HelloTemplate


def orders(hello: HelloTemplate) -> Iterator[HelloTemplate]:
    """The hello as it is written, where its order is drawn in some further orders."""
    written = hello.as_written()
    yield written if hello.order is ExtensionOrder.PERMUTED else hello
    if hello.order is not ExtensionOrder.PERMUTED or hello.extensions is None:
        return
    movable = [each for each in hello.extensions if each.extension_type not in hello.unmoved]
    for forwards in (movable, movable[::-1]):
        for first in range(len(forwards)):
            yield replace(written, extensions=_placed(hello, forwards[first:] + forwards[:first]))


def _placed(hello: HelloTemplate, movable: list[ExtensionTemplate]) -> tuple[ExtensionTemplate, ...]:
    """The extensions with the movable ones in this order and the others in their places."""
    rest = iter(movable)
    return tuple(
        each if each.extension_type in hello.unmoved else next(rest) for each in hello.extensions or ()
    )
