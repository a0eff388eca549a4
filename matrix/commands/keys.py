"""`tls-matrix keys convert`: a private key from one file format into another.

Wireshark decrypts RSA key exchange with a server's key in PEM, and middleware keeps it in DER or PKCS#12.
"""

import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from matrix.commands.options import tell
from matrix.commands.private_file import PrivateFileError, write_private_file
from matrix.errors import EXIT_USAGE
from matrix.key_files import Format, KeyFile, KeyFileError, PasswordNeeded, read_key_file, write_key_file

STANDARD_INPUT = "-"
MAX_BYTES = 4_194_304
"""Of a file with a key: a thousand times a key with its chain of certificates."""
application = typer.Typer(no_args_is_help=True, help="Convert private keys between file formats.")


@application.callback()
def keys() -> None:
    """Convert private keys between file formats."""


@application.command("convert")
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="The key: a file, or - for standard input.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The new file; it must not be there yet.")],
    to: Annotated[Format, typer.Option("--to", help="The format of the new file.")] = Format.PEM,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            help="Its first line is the password of IN, and of a new PKCS#12 file. Without it you are asked.",
        ),
    ] = None,
) -> int:
    """Write a private key in another format: pem and der are what Wireshark and old programs read."""
    try:
        password = None if password_file is None else _first_line(password_file)
        content = _read(source, password)
        write_private_file(target, _written(content, to, password))
    except (KeyFileError, PrivateFileError) as error:
        tell(f"tls-matrix: {error}")
        return EXIT_USAGE
    left_out = len(content.certificates) if to is Format.DER else 0
    tell(f"{target}: {content.title}, {_protection(to)}{_certificates(content, left_out)}")
    return 0


def _read(source: str, password: bytes | None) -> KeyFile:
    where = "standard input" if source == STANDARD_INPUT else source
    data = _bytes_of(source)
    try:
        return read_key_file(data, password)
    except PasswordNeeded as error:
        if password is not None:
            raise KeyFileError(f"{where}: {error}") from error
        try:
            return read_key_file(data, _asked(f"Password of {where}", error))
        except KeyFileError as again:
            raise KeyFileError(f"{where}: {again}") from again
    except KeyFileError as error:
        raise KeyFileError(f"{where}: {error}") from error


def _bytes_of(source: str) -> bytes:
    """The bytes of the file. Raises KeyFileError where there are none, or more than any key has."""
    try:
        with _opened(source) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{source}: {error.strerror}; name the file with the key") from error
    if len(data) > MAX_BYTES:
        where = "standard input" if source == STANDARD_INPUT else source
        raise KeyFileError(
            f"{where}: has more than {MAX_BYTES} bytes, and no key has; name the file with the key"
        )
    return data


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(source).open("rb") as file:
        yield file


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_BYTES).removeprefix(BOM_UTF8).splitlines()  # some editors begin with it
    except OSError as error:
        raise KeyFileError(
            f"{path}: {error.strerror}; name a file whose first line is the password"
        ) from error
    if not lines or not lines[0]:
        raise KeyFileError(f"{path}: its first line is empty; write the password there")
    return lines[0]


def _written(content: KeyFile, to: Format, password: bytes | None) -> bytes:
    """The new file's bytes; of the formats only PKCS#12 is encrypted."""
    if to is not Format.PKCS12:
        return write_key_file(content, to)
    needed = PasswordNeeded("OUT: a PKCS#12 file is written with a password")
    return write_key_file(content, to, password or _asked("Password of the new file", needed, twice=True))


def _asked(prompt: str, why: PasswordNeeded, *, twice: bool = False) -> bytes:
    if not sys.stdin.isatty():
        raise KeyFileError(f"{why}; there is no terminal to ask at, give --password-file FILE")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    return answer.encode()


def _protection(to: Format) -> str:
    return "encrypted" if to is Format.PKCS12 else "not encrypted, readable by you alone"


def _certificates(content: KeyFile, left_out: int) -> str:
    count = len(content.certificates)
    if not count:
        return ""
    counted = f"{count} certificate{'' if count == 1 else 's'}"
    return f"; {counted} left out, which DER has no place for" if left_out else f"; with {counted}"
