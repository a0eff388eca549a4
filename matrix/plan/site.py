"""A site in one file (`run --matrix FILE`): its targets, in groups, and what is asked of them each night.

The file says what the options of `run` say, in their words and notations. What stands on the command line
counts before the file; targets of both are tested, of one name that of the command line. `include` names
further files, whose targets and groups come along. Paths are relative to the file they stand in.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, field
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from clients.destination import TargetError, parse_target
from definitions.document import Document, toml_document
from definitions.fault import Fault, Mistakes, Place, UnusableFile
from definitions.former import Notes
from definitions.reading import read_toml
from matrix.cell import nothing_matches
from matrix.errors import SelectionError
from matrix.plan.bounds import RATE, SECONDS
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
    timeout: Annotated[float, AfterValidator(SECONDS.check)] | None = None
    rate: Annotated[float, AfterValidator(RATE.check)] | None = None
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
    """A file with those that it includes: targets as `--target` has them, by name, and patterns by group.

    `documents` has the text of the file, under an empty name, and by each target's name that of the file with
    it. `faults` are the lines for what is wrong with any of them; what is right is there all the same.
    """

    file: SiteFile
    folder: Path
    targets: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def options(self, given: RunOptions) -> RunOptions:
        """What is asked for: what was given, and what the file says where nothing was.

        Raises SelectionError for a group that is none, SiteError where its file has faults.
        """
        given_names = {text.partition("=")[0] for text in given.target}
        chosen = [name for name in self._chosen(given.group) if name not in given_names]
        file = self.file
        is_about_targets = given.group or "targets" in file.model_fields_set
        others = given.target or given.server or given.levels or file.servers or self.faults
        if is_about_targets and not (chosen or others):  # the default servers are not meant
            which = f"no target of {', '.join(given.group)}" if given.group else "no target and no server"
            raise SelectionError(f"{given.matrix}: there is {which}, so nothing would be tested; write one")
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

    def check(self) -> None:
        """Raise SiteError with the faults of all files, if there are any."""
        if self.faults:
            raise SiteError(*self.faults)

    def _path(self, text: str | None) -> Path | None:
        return None if text is None else self.folder / text

    def _chosen(self, groups: Sequence[str]) -> list[str]:
        """The names of the targets of the groups, all without any, in the file's order."""
        if not groups:
            return list(self.targets)
        patterns: list[str] = []
        for group in groups:
            if group not in self.groups:
                self.check()
                raise SelectionError(f"--group: {nothing_matches(group, list(self.groups), 'group')}")
            patterns += self.groups[group]
        return [name for name in self.targets if any(fnmatch.fnmatchcase(name, each) for each in patterns)]


def with_site(options: RunOptions, notes: Notes | None = None) -> RunOptions:
    """The options, with those of the file that they name. Raises SiteError and SelectionError."""
    site = site_of(options, notes)
    site.check()
    return options if options.matrix is None else site.options(options)


def site_of(options: RunOptions, notes: Notes | None = None) -> Site:
    """The file that the options name; without one a site that says nothing. Raises SiteError and
    SelectionError.
    """
    if options.matrix is not None:
        return load_site(options.matrix, notes)
    if options.group:
        raise SelectionError("--group: groups are those of a file; name it with --matrix FILE")
    return Site(SiteFile(), Path())


def load_site(path: Path, notes: Notes | None = None) -> Site:
    """Read a file and those that it includes. Raises SiteError where the file itself is no TOML."""
    files = _Files(notes)
    files.read(path)
    targets: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    of: dict[str, Document] = {}
    for file, (document, content) in files.read_ones.items():
        for name, text in content.targets.items():
            if name in targets:
                files.tell(document, ("targets", name), f"is in {of[name].source} too; rename one of the two")
                continue
            targets[name], of[name] = _with_paths(text, file.parent), document
        for group, patterns in content.groups.items():
            groups.setdefault(group, []).extend(patterns)
    if files.are_all_there:
        files.check_groups()
    document, content = files.read_ones[path]
    return Site(content, path.parent, targets, groups, {**of, "": document}, tuple(files.faults))


class _Files:
    """A file and those that it includes. `faults` are lines, each once; `are_all_there` says that no target
    can be missing because its file is.
    """

    def __init__(self, notes: Notes | None) -> None:
        self.read_ones: dict[Path, tuple[Document, SiteFile]] = {}
        self.faults: dict[str, None] = {}
        self.are_all_there = True
        self._notes = notes

    def read(self, path: Path) -> None:
        """Read a file, then those that it includes; one that is there already is passed over."""
        if path.resolve() in map(Path.resolve, self.read_ones):
            return
        try:
            document = toml_document(path, CHECK)
        except UnusableFile as error:
            if not self.read_ones:
                raise SiteError(*error.lines) from error
            self.faults |= dict.fromkeys(error.lines)
            self.are_all_there = False
            return
        try:
            content = read_toml(path, SiteFile, SiteError, self._notes, CHECK)
        except SiteError as error:
            self.faults |= dict.fromkeys(error.lines)
            content = _what_is_right(document)
        self.read_ones[path] = (document, content)
        for position, pattern in enumerate(content.include):
            found = sorted(_matching(path.parent, pattern))
            if not found:
                self.are_all_there = False
                what = f"{pattern!r} is no file beside it; correct or remove it"
                self.tell(document, ("include", position), what)
            for each in found:
                self.read(each)

    def check_groups(self) -> None:
        """Find the patterns of groups that match no target, be it a target that has a fault."""
        tables = (document.content.get("targets") for document, _ in self.read_ones.values())
        names = [name for table in tables if isinstance(table, dict) for name in table]
        for document, content in self.read_ones.values():
            for group, patterns in content.groups.items():
                for position, pattern in enumerate(patterns):
                    if not fnmatch.filter(names, pattern):
                        place = ("groups", group, position)
                        self.tell(document, place, nothing_matches(pattern, names, "target"))

    def tell(self, document: Document, place: Place, text: str) -> None:
        """Keep a fault."""
        self.faults[Fault(place, text, document.line_of(place)).said_of(document.source)] = None


def _what_is_right(document: Document) -> SiteFile:
    """The file without what is wrong in it, so that the rest can be looked at too."""
    right: dict[str, Any] = {}
    for key, value in document.content.items():
        for part in ({name: each} for name, each in value.items()) if isinstance(value, dict) else (value,):
            with suppress(ValidationError):
                SiteFile.model_validate({key: part})
                right[key] = {**right.get(key, {}), **part} if isinstance(part, dict) else part
    return SiteFile.model_validate(right)


def _matching(folder: Path, pattern: str) -> Iterable[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)] if Path(pattern).is_file() else []
    return (each for each in folder.glob(pattern) if each.is_file())


def _with_paths(text: str, folder: Path) -> str:
    """A target with its files relative to the folder of the file that it stands in."""
    return _FILE_OF_TARGET.sub(lambda match: f"{match[1]}={folder / match[2]}", text)
