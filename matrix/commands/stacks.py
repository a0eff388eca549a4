"""`tls-matrix stacks list|fetch|export|import`: what real servers are made of, and getting it."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from matrix.cell import select
from matrix.commands import completion
from matrix.commands.asking_first import ask_first
from matrix.commands.options import Json, one_line_errors, print_table, tell, write_out
from matrix.errors import EXIT_HARNESS, EXIT_USAGE, SelectionError
from matrix.results.run_file import to_json
from matrix.wording import counted, joined
from stacks.bundle import BundleError, carried, check_new, export, import_bundle
from stacks.catalogue import Stack, stacks, with_needs
from stacks.check import check_catalogue
from stacks.download import Progress
from stacks.fetch import FetchError, fetch

application = typer.Typer(
    no_args_is_help=True,
    help="List the stacks of real servers, fetch them into a cache folder, or carry them there in a file.",
)

_LISTED_BY = "tls-matrix stacks list"
Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...",
        help="Shell patterns; without any, all.",
        show_default=False,
        autocompletion=completion.stacks,
    ),
]


@application.command("list")
def list_stacks(json: Json = False) -> None:
    """List every stack, the size of its download and whether it is fetched."""
    with one_line_errors():
        check_catalogue()
    if json:
        write_out(to_json([_entry(stack) for stack in stacks().values()]))
        return
    columns = ("id", "title", "size", "fetched", "for")
    rows = [
        (stack.id, stack.title, decimal(_size(stack)), "yes" if stack.folder() else "-", stack.purpose)
        for stack in stacks().values()
    ]
    print_table(columns, rows)


@application.command("fetch")
def fetch_stacks(ids: Ids = None) -> None:
    """Fetch stacks, and those they need, into the cache folder; fetched stacks are kept."""
    with one_line_errors():
        check_catalogue()
        chosen = with_needs(select(ids or (), stacks(), "stack", _LISTED_BY))
    # As an interrupt, so that what is half fetched is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failed = False
    for stack in (stacks()[identity] for identity in chosen):
        try:
            with _shown(stack) as progress:
                folder = fetch(stack, tell=progress)
            tell(f"{stack.id}: {folder}")
        except FetchError as error:
            tell(f"tls-matrix: {error}")
            failed = True
    if failed:
        raise typer.Exit(EXIT_HARNESS)


@application.command("export")
def export_stacks(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.", show_default=False)],
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="Shell patterns; without any, the stacks that are fetched here.",
            show_default=False,
            autocompletion=completion.stacks,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every stack, fetched here or not.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before so much is downloaded.")] = False,
) -> None:
    """Download stacks into one file, for `stacks import` on a machine without internet.

    What is fetched here was unpacked, so its files are downloaded again, for every Python that they are
    pinned for. The size is told and asked about first.
    """
    with one_line_errors():
        check_catalogue()
        chosen = _exported(ids or (), everything=everything)
    with _ended():
        check_new(file)
    size = decimal(sum(each.size for each in carried(chosen).values()))
    what = f"up to {size} are going to be downloaded for {counted(len(chosen), 'stack')}"
    ask_first(what, is_agreed=yes, consent="so much may be downloaded")
    with _ended():
        export(chosen, file, lambda each: tell(f"{each.name}: fetching, {decimal(each.size)} ..."))
        tell(f"{file}: {counted(len(chosen), 'stack')}, {decimal(file.stat().st_size)}")


@application.command("import")
def import_stacks(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `stacks export` has written.", show_default=False)
    ],
) -> None:
    """Put the stacks of a file into the cache folder; every file in it is checked first."""
    with one_line_errors():
        check_catalogue()
    with _ended():
        import_bundle(file, lambda stack, folder: tell(f"{stack.id}: {folder}"))


def _exported(ids: Sequence[str], *, everything: bool) -> list[Stack]:
    """The stacks to be exported, and those they need. Raises SelectionError."""
    if ids and everything:
        raise SelectionError("--all and the ids contradict each other; leave one of them out")
    if ids or everything:
        named = select(ids, stacks(), "stack", _LISTED_BY)
    else:
        named = [stack.id for stack in stacks().values() if stack.folder() is not None]
        if not named:
            raise SelectionError("no stack is fetched here; name those to be exported, or give --all")
        missing = [identity for identity in stacks() if identity not in named]
        if missing:
            tell(f"tls-matrix: not fetched here, and left out: {joined(missing)} (--all takes them too)")
    return [stacks()[each] for each in with_needs(named)]


@contextmanager
def _ended() -> Iterator[None]:
    """Tell in one line why a file cannot be read or written; a signal removes what is half done."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (BundleError, FetchError) as error:
        tell(f"tls-matrix: {error}")
        raise typer.Exit(EXIT_USAGE if isinstance(error, BundleError) else EXIT_HARNESS) from error


@contextmanager
def _shown(stack: Stack) -> Iterator[Progress]:
    """Show how far a stack is: a bar on a terminal, a line elsewhere, nothing where it is fetched already."""
    out = Console(stderr=True, markup=False, highlight=False, emoji=False)
    if stack.folder() is not None:
        yield lambda size: None
    elif out.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with ProgressBar(*columns, console=out, transient=True) as bar:
            task = bar.add_task(stack.id, total=_size(stack))
            yield lambda size: bar.update(task, completed=size)
    else:
        tell(f"{stack.id}: fetching {stack.title}, {decimal(_size(stack))} ...")
        yield lambda size: None


def _size(stack: Stack) -> int:
    """Bytes to download for the running interpreter, 0 when there is nothing for it."""
    return sum(file.size for file in stack.files_for())


def _entry(stack: Stack) -> dict[str, object]:
    folder = stack.folder()
    return {
        "id": stack.id,
        "title": stack.title,
        "purpose": stack.purpose,
        "platform": stack.platform,
        "needs": list(stack.needs),
        "size": _size(stack),
        "files": [asdict(file) for file in stack.files],
        "folder": str(folder) if folder else None,
    }
