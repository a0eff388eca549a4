"""A site in one file (`run --matrix FILE`): its targets, in groups, and what is asked of them each night.

The file says what the options of `run` say, in their words and notations. What stands on the command line
counts before the file; targets of both are tested, of one name that of the command line. `include` names
further files, whose targets and groups come along. Paths are relative to the file they stand in.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, field
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from clients.destination import TargetError, parse_target
from definitions.fault import Mistakes, Place, Together, UnusableFile
from definitions.former import Notes
from definitions.reading import read_toml
from matrix.cell import nothing_matches
from matrix.errors import SelectionError
from matrix.plan.options import RunOptions

CHECK = "check the name of the file"
_FILE_OF_TARGET = re.compile(r"(?<=,)(cert|key)=([^,]*)")


class SiteError(UnusableFile):
    """A site's file that cannot be used; a line for each fault."""


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class SiteFile(BaseModel):
    """One file. `targets` are by name as `--target` has them behind the `=`; `groups` are patterns of their
    names; the other keys are options of `run`.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)

    include: Texts = ()
    servers: Texts = ()
    clients: Texts = ()
    scenarios: Texts = ()
    baseline: str | None = None
    expectations: str | None = None
    servers_dir: Texts = ()
    clients_dir: Texts = ()
    fail_on: Texts = ()
    timeout: Annotated[float, Field(ge=0.1)] | None = None
    rate: Annotated[float, Field(ge=0.01)] | None = None
    targets: dict[str, str] = {}
    groups: dict[str, Texts] = {}

    @field_validator("targets")
    @classmethod
    def _can_be_read(cls, targets: dict[str, str]) -> dict[str, str]:
        wrong: list[tuple[Place, str]] = []
        for name, text in targets.items():
            try:
                parse_target(f"{name}={text}")
            except TargetError as error:
                wrong.append(((name,), str(error).partition('": ')[2] or str(error)))
        if wrong:
            raise Mistakes(wrong)
        return targets


class Site(Struct, frozen=True):
    """A file with those that it includes: targets as `--target` has them, by name, and patterns by group."""

    file: SiteFile
    folder: Path
    targets: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def options(self, given: RunOptions) -> RunOptions:
        """What is asked for: what was given, and what the file says where nothing was.

        Raises SelectionError for a group that is none, and one that has no target.
        """
        given_names = {text.partition("=")[0] for text in given.target}
        chosen = [name for name in self._chosen(given.group) if name not in given_names]
        file = self.file
        is_timeout_given = given.timeout != RunOptions().timeout
        return replace(
            given,
            target=(*(f"{name}={self.targets[name]}" for name in chosen), *given.target),
            server=given.server or file.servers,
            client=given.client or file.clients,
            scenario=given.scenario or file.scenarios,
            baseline=given.baseline or self._path(file.baseline),
            expectations=given.expectations or self._path(file.expectations),
            servers_dir=given.servers_dir or tuple(self.folder / each for each in file.servers_dir),
            clients_dir=given.clients_dir or tuple(self.folder / each for each in file.clients_dir),
            fail_on=given.fail_on or file.fail_on,
            timeout=given.timeout if is_timeout_given else file.timeout or given.timeout,
            rate=given.rate if given.rate is not None else file.rate,
        )

    def _path(self, text: str | None) -> Path | None:
        return None if text is None else self.folder / text

    def _chosen(self, groups: Sequence[str]) -> list[str]:
        """The names of the targets of the groups, all without any, in the file's order."""
        if not groups:
            return list(self.targets)
        patterns: list[str] = []
        for group in groups:
            if group not in self.groups:
                raise SelectionError(f"--group: {nothing_matches(group, list(self.groups), 'group')}")
            patterns += self.groups[group]
        return [name for name in self.targets if any(fnmatch.fnmatchcase(name, each) for each in patterns)]


def with_site(options: RunOptions, notes: Notes | None = None) -> RunOptions:
    """The options, with those of the file that they name. Raises SiteError and SelectionError."""
    if options.matrix is None:
        if options.group:
            raise SelectionError("--group: groups are those of a file; name it with --matrix FILE")
        return options
    return load_site(options.matrix, notes).options(options)


def load_site(path: Path, notes: Notes | None = None) -> Site:
    """Read a file and those that it includes. Raises SiteError with the faults of all of them."""
    together = Together()
    files: dict[Path, SiteFile] = {}
    _read(path, files, together, notes)
    together.end(SiteError)
    targets: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    of: dict[str, Path] = {}
    for file, content in files.items():
        for name, text in content.targets.items():
            with together:
                if name in targets:
                    raise SiteError(f"{file}: targets.{name}: is in {of[name]} too; rename one of the two")
                targets[name], of[name] = _with_paths(text, file.parent), file
        for group, patterns in content.groups.items():
            groups.setdefault(group, []).extend(patterns)
    for file, content in files.items():
        for group, patterns in content.groups.items():
            for pattern in patterns:
                with together:
                    if not fnmatch.filter(targets, pattern):
                        why = nothing_matches(pattern, list(targets), "target")
                        raise SiteError(f"{file}: groups.{group}: {why}")
    together.end(SiteError)
    return Site(files[path], path.parent, targets, groups)


def _read(path: Path, files: dict[Path, SiteFile], together: Together, notes: Notes | None) -> None:
    """Read a file into `files`, then those that it includes; a file that is there already is passed over."""
    if path.resolve() in map(Path.resolve, files):
        return
    with together:
        content = files[path] = read_toml(path, SiteFile, SiteError, notes, CHECK)
        for pattern in content.include:
            found = sorted(_matching(path.parent, pattern))
            if not found:
                raise SiteError(f"{path}: include: {pattern!r} is no file beside it; correct or remove it")
            for each in found:
                _read(each, files, together, notes)


def _matching(folder: Path, pattern: str) -> Iterable[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)] if Path(pattern).is_file() else []
    return (each for each in folder.glob(pattern) if each.is_file())


def _with_paths(text: str, folder: Path) -> str:
    """A target with its files relative to the folder of the file that it stands in."""
    return _FILE_OF_TARGET.sub(lambda match: f"{match[1]}={folder / match[2]}", text)
