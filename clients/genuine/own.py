"""A program of the user's own: a TOML file of --clients-dir whose name begins with `genuine-`.

    id = "genuine-mine-4.1"
    title = "OpenSSL of my build"
    command = ["/opt/build/openssl", "s_client", "-connect", "{host}:{port}", "-ign_eof"]

What may stand in braces, and what the patterns are for, is in `clients.genuine.command.Command`.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from clients.genuine.command import HTTP_ANSWER, Command
from clients.genuine.program import PREFIX
from definitions.fault import Together, UnusableFile
from definitions.former import Notes
from definitions.reading import read_toml


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


class OwnProgram(BaseModel):
    """The keys of such a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str = Field(pattern=rf"^{PREFIX}[a-z0-9][a-z0-9._-]*$")
    title: str = Field(min_length=1)
    command: list[str] = Field(min_length=1, description="the program and its arguments")
    environment: dict[str, str] = Field(default={}, description="variables that are set besides its own")
    says_request: bool = Field(default=True, description="the HTTP request comes on its standard input")
    works: list[Pattern] = Field(
        default=[HTTP_ANSWER], description="any of them in its words is the server's answer"
    )
    fails: list[Pattern] = Field(default=[], description="any of them in its words: it did not work")
    alert_sent: Pattern | None = Field(default=None, description="its first group is the alert it sent")
    alert_received: Pattern | None = Field(default=None, description="its first group is the alert it got")

    @field_validator("id")
    @classmethod
    def _is_the_name_of_the_file(cls, identity: str, info: ValidationInfo) -> str:
        if isinstance(info.context, Path) and info.context.stem != identity:
            raise ValueError(
                f"is {identity!r}, and the file's name says {info.context.stem!r}: make them equal"
            )
        return identity

    @property
    def program(self) -> Command:
        """The program as it is called."""
        name = self.command[0]
        missing = (
            None if shutil.which(name) else f"there is no program {name}: correct command, or install it"
        )
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
            missing,
        )


def load_own_programs(directories: Iterable[Path], notes: Notes | None = None) -> dict[str, Command]:
    """Read every `genuine-*.toml` of the folders. Raises ProgramError with the faults of all files."""
    programs: dict[str, Command] = {}
    together = Together()
    for directory in directories:
        for path in sorted(directory.glob(f"{PREFIX}*.toml")):
            with together:
                program = read_toml(path, OwnProgram, ProgramError, notes).program
                if program.id in programs:
                    raise ProgramError(f"{path}: id: {program.id!r} is there twice: rename one of the two")
                programs[program.id] = program
    together.end(ProgramError)
    return programs
