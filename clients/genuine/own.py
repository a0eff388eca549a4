"""A program of the user's own: a TOML file of --clients-dir whose name begins with `genuine-`.

    id = "genuine-mine-4.1"
    title = "OpenSSL of my build"
    command = ["/opt/build/openssl", "s_client", "-connect", "{host}:{port}", "-ign_eof"]

What may stand in braces, and what the patterns are for, is in `clients.genuine.command.Command`. Other braces
stay, but for those that look like a name of these misspelt.

A complete handshake and an answer over HTTP in its words are what works. Without `works` and `fails` the exit
status 0 behind a complete handshake is, too: `curl` prints the body alone. How the handshake went is read off
the wire; an answer that is encrypted there, and that the program does not show, is never said to be missing.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from clients.genuine.command import HTTP_ANSWER, PLACEHOLDERS, Command
from clients.genuine.finding import find_in_time
from clients.genuine.program import PREFIX
from definitions.fault import Mistakes, Place, Together, UnusableFile
from definitions.former import Notes
from definitions.reading import read_toml

ALIKE = 0.7
"""As difflib measures it: "hots" is like "host", and awk's "print" is not like "port"."""
_IN_BRACES = re.compile(r"(?<!\$){(\w+)}")
"""A dollar sign is the shell's."""
_HALF = re.compile(rf"^({'|'.join(PLACEHOLDERS)})}}|{{({'|'.join(PLACEHOLDERS)})(?=$|/|:[{{\d])")
"""Where a name has one brace only: it begins or ends the argument, or a colon or a slash is behind it."""


class ProgramError(UnusableFile):
    """A program that cannot be used: one line a fault, with the file, the key and what to do."""


def _pattern(value: Any) -> re.Pattern[str]:
    if isinstance(value, re.Pattern):
        return value
    if not isinstance(value, str):
        raise ValueError(f"is {value!r}: write a pattern in quotes")
    try:
        return re.compile(value, re.DOTALL | re.MULTILINE)
    except re.error as error:
        raise ValueError(
            f"is no pattern ({error}): correct it (the notation is that of Python's re)"
        ) from error


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern), WithJsonSchema({"type": "string"})]


_ID = re.compile(rf"{PREFIX}[a-z0-9][a-z0-9._-]*")


class OwnProgram(BaseModel):
    """The keys of such a file."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: Annotated[str, WithJsonSchema({"type": "string", "pattern": _ID.pattern})]
    title: str = Field(min_length=1)
    command: list[str] = Field(min_length=1, description="the program and its arguments")
    environment: dict[str, str] = Field(default={}, description="variables that are set besides its own")
    says_request: bool = Field(
        default=True, strict=True, description="the HTTP request comes on its standard input"
    )
    closes_input: bool = Field(
        default=False,
        strict=True,
        description="its standard input ends behind the request; else it stays open, since many programs end "
        "with it",
    )
    works: list[Pattern] = Field(
        default=[HTTP_ANSWER],
        description="any of them in its words is the server's answer; without `works` and `fails`, so is the "
        "exit status 0 once the handshake is complete",
    )
    fails: list[Pattern] = Field(default=[], description="any of them in its words: it did not work")
    alert_sent: Pattern | None = Field(default=None, description="its first group is the alert it sent")
    alert_received: Pattern | None = Field(default=None, description="its first group is the alert it got")

    @field_validator("id")
    @classmethod
    def _is_the_name_of_the_file(cls, identity: str, info: ValidationInfo) -> str:
        if not _ID.fullmatch(identity):
            raise ValueError(
                f"is {identity!r}: write an id that begins with {PREFIX}, of lower-case letters, digits, "
                "dots, hyphens and underscores"
            )
        if isinstance(info.context, Path) and info.context.stem != identity:
            raise ValueError(
                f"is {identity!r}, and the file's name says {info.context.stem!r}: make them equal"
            )
        return identity

    @field_validator("command")
    @classmethod
    def _placeholders_are_known(cls, command: list[str]) -> list[str]:
        found = [((index,), said) for index, part in enumerate(command) for said in _misspelt(part)]
        if found:
            raise Mistakes(found)
        return command

    @field_validator("environment")
    @classmethod
    def _placeholders_of_variables_are_known(cls, environment: dict[str, str]) -> dict[str, str]:
        found: list[tuple[Place, str]] = [
            ((name,), said) for name, value in environment.items() for said in _misspelt(value)
        ]
        if found:
            raise Mistakes(found)
        return environment

    @model_validator(mode="after")
    def _is_told_where_to_connect(self) -> Self:
        if not any("{port}" in text for text in (*self.command, *self.environment.values())):
            advice = "does not say where to connect: write {host} and {port} where the program takes them"
            raise Mistakes([(("command",), advice)])
        return self

    @property
    def program(self) -> Command:
        """The program as it is called."""
        has_patterns = bool({"works", "fails"} & self.model_fields_set)
        return Command(
            self.id,
            self.title,
            tuple(self.command),
            self.environment,
            self.says_request,
            tuple(self.works),
            tuple(self.fails),
            self.alert_sent,
            self.alert_received,
            _missing(self.command[0]),
            closes_input=self.closes_input,
            hides_answer=True,
            status_tells=not has_patterns,
            find=find_in_time,
        )


def _misspelt(text: str) -> Iterator[str]:
    """What is wrong with the names in braces, and what to write."""
    for found in _IN_BRACES.finditer(text):
        near = get_close_matches(found[1].lower(), PLACEHOLDERS, 1, ALIKE)
        if near and found[1] not in PLACEHOLDERS:
            yield f"has the unknown {{{found[1]}}}: did you mean {{{near[0]}}}?"
    for found in _HALF.finditer(text):
        name = found[1] or found[2]
        yield f"has a brace too few at {name}: write {{{name}}}"


def _missing(name: str) -> str | None:
    """Why a command cannot be run; None where it can."""
    if shutil.which(name):
        return None
    if Path(name).is_dir():
        return f"{name} is a folder: name the program in it in command"
    if Path(name).exists():
        return f"{name} is not executable: make it so (chmod +x), or correct command"
    return f"there is no program {name}: correct command, or install it"


def load_own_programs(
    directories: Iterable[Path], notes: Notes | None = None, taken: Mapping[str, str] | None = None
) -> dict[str, Command]:
    """Read every `genuine-*.toml` of the folders; `taken` are the titles of programs by the ids that are
    theirs. Raises ProgramError with the faults of all files.
    """
    programs: dict[str, Command] = {}
    together = Together()
    for directory in directories:
        for path in sorted(directory.glob(f"{PREFIX}*.toml")):
            with together:
                program = read_toml(path, OwnProgram, ProgramError, notes).program
                if program.id in (taken or {}):
                    title = (taken or {})[program.id]
                    advice = "rename the file and its id"
                    raise ProgramError(f"{path}: id: {program.id!r} is that of {title}: {advice}")
                if program.id in programs:
                    raise ProgramError(f"{path}: id: {program.id!r} is there twice: rename one of the two")
                programs[program.id] = program
    together.end(ProgramError)
    return programs
