"""`tls-matrix images build|sbom`: the images that `run --backend docker` takes its servers from, and that of
this program; and what they consist of.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from matrix.cell import select
from matrix.commands import completion
from matrix.commands.options import ServersDir, one_line_errors, tell, write_out
from matrix.errors import EXIT_HARNESS, SelectionError
from matrix.plan.loading import load_all_definitions
from matrix.results.environment import tool_version
from matrix.wording import printable
from servers.containers.build_progress import BuildProgress

application = typer.Typer(
    no_args_is_help=True,
    help="Build the images of servers for `run --backend docker`, or of this program, "
    "and list what they consist of.",
)

Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Shell patterns of <server>@<level>, or tool, which is this program; without any, all servers "
        "whose stacks are fetched.",
        show_default=False,
        autocompletion=completion.images,
    ),
]
BaseImage = Annotated[
    str | None,
    typer.Option("--base", metavar="IMAGE", help="Use this base image, which must have Python."),
]


@application.command("build")
def build_images(ids: Ids = None, base: BaseImage = None, servers_dir: ServersDir = None) -> None:
    """Build the images that are missing or out of date; the others are kept."""
    # Here, because the client of an engine takes a tenth of a second to load, and no other command needs it.
    from servers.containers.base import make_base, packages_of, take_base
    from servers.containers.build import build_missing
    from servers.containers.engine import EngineError, engine
    from servers.containers.recipe import recipes, tool_recipe

    with one_line_errors() as notes:
        definitions = load_all_definitions(servers_dir or (), notes)
        of_servers = recipes(definitions.values())
        known = {each.id: each for each in (*of_servers, tool_recipe(tool_version()))}
        chosen = (
            [known[each] for each in select(ids, known, "image", "tls-matrix list servers")]
            if ids
            else of_servers
        )
    # As an interrupt, so that what is half done is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with engine() as client, _progress() as progress:
            packages = packages_of(definitions.values())
            upon = take_base(client, base) if base else make_base(client, packages, progress.say)
            can_be_built = [each for each in chosen if ids or each.missing() is None]
            problems = build_missing(client, can_be_built, upon, progress)
    except EngineError as error:
        problems = [str(error)]
    for problem in problems:
        tell(f"tls-matrix: {problem}")
    if problems:
        raise typer.Exit(EXIT_HARNESS)


@application.command("sbom")
def bill_of_materials(
    identity: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="An image that is built: <server>@<level>, or tool; without one, this program as it is "
            "locked, for which no container engine is needed.",
            show_default=False,
            autocompletion=completion.images,
        ),
    ] = None,
    servers_dir: ServersDir = None,
) -> None:
    """Print what this program, or an image, consists of: a bill of materials in CycloneDX's JSON.

    It has every package with its version, package URL and SHA-256 digests; of an image also the packages of
    its system, and the fetched stacks with the files that they are made of.
    """
    # Here, because the library of CycloneDX takes a seventh of a second to load.
    from servers.containers import sbom
    from servers.containers.engine import EngineError, engine
    from servers.containers.recipe import recipes, tool_recipe

    version = tool_version()
    if identity is None:
        write_out(sbom.of_program(version))
        return
    with one_line_errors() as notes:
        definitions = load_all_definitions(servers_dir or (), notes)
        known = {each.id: each for each in (*recipes(definitions.values()), tool_recipe(version))}
        (chosen, *others) = select([identity], known, "image", "tls-matrix list servers")
        if others:
            raise SelectionError(
                f"{identity} means {1 + len(others)} images ({chosen}, ...); name one of them"
            )
    try:
        with engine() as client:
            image = sbom.built(client, known[chosen])
            system = sbom.system_packages(client, known[chosen], image)
    except EngineError as error:
        tell(f"tls-matrix: {error}")
        raise typer.Exit(EXIT_HARNESS) from error
    write_out(sbom.of_image(known[chosen], image, system, version))


class _Lines(BuildProgress):
    """A line for each image begun and ended."""

    def say(self, text: str) -> None:
        tell(text)


class _Bar(BuildProgress):
    """The lines, and beneath them how many images are done."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("images", total=None)

    def say(self, text: str) -> None:
        self._bar.console.print(printable(text), markup=False, highlight=False)

    def count(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def _progress() -> Iterator[BuildProgress]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)
