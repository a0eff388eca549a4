"""Whether `stacks.toml` is what `stacks.catalogue` takes it for, told to the person who edits it.

It is apart from the catalogue because server programs read that, and have no time for pydantic.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from definitions.fault import Mistakes, Place, unknown_value
from definitions.reading import read_toml
from stacks import catalogue
from stacks.catalogue import CatalogueError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FileTable(_Table):
    """[[ID.files]]: the keys are those of `StackFile`."""

    registry: Literal["pypi", "npm"]
    distribution: str
    version: str
    name: str
    size: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    python: str | None = None
    inner: str | None = None


class StackTable(_Table):
    """[ID]: the keys are those of `Stack`."""

    title: str
    purpose: str
    platform: str
    files: Annotated[list[FileTable], Field(min_length=1)]
    needs: list[str] = []


def _needs_exist(stacks: dict[str, StackTable]) -> dict[str, StackTable]:
    wrong: list[tuple[Place, str]] = [
        ((identity, "needs", index), str(unknown_value(needed, stacks, "stack")))
        for identity, stack in stacks.items()
        for index, needed in enumerate(stack.needs)
        if needed not in stacks
    ]
    if wrong:
        raise Mistakes(wrong)
    return stacks


def check_catalogue() -> None:
    """Raise CatalogueError with a line for each fault of the file."""
    kind: Any = Annotated[dict[str, StackTable], AfterValidator(_needs_exist)]
    read_toml(catalogue.CATALOGUE, kind, CatalogueError)
