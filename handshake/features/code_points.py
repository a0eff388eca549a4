"""Code points in the names of features: what is written is read back, GREASE values too."""

from handshake.wire.registry import extension_name, is_grease


def name_of_extension(extension_type: int) -> str:
    """The registry's name of an extension, or hex."""
    return f"0x{extension_type:04x}" if is_grease(extension_type) else extension_name(extension_type)


def two_arguments(argument: str, what: str) -> tuple[str, str]:
    """The two sides of an argument that has a colon itself; `what` is how it is written. Raises ValueError.

    Only the first colon counts: what is behind it may have others.
    """
    first, colon, second = argument.partition(":")
    if not colon or not first:
        raise ValueError(f"{argument!r} is only one argument: write {what}")
    return first, second
