"""`tls-matrix stacks list|fetch`: what real servers are made of, and getting it."""

import signal
from typing import Annotated

import typer
from rich.table import Table

from matrix.cell import select
from matrix.commands.options import Json, console, one_line_errors, tell, write_out
from matrix.errors import EXIT_HARNESS
from matrix.run_file import to_json
from servers.stacks.catalogue import Stack, stacks, with_needs
from servers.stacks.fetch import FetchError, fetch

application = typer.Typer(
    no_args_is_help=True, help="What real servers are made of: list it, or fetch it into a cache folder."
)

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Shell patterns; without any, all.", show_default=False),
]


@application.command("list")
def list_stacks(json: Json = False) -> None:
    """List every stack, its pinned version and whether it is fetched."""
    if json:
        write_out(to_json([_entry(stack) for stack in stacks().values()]))
        return
    out = console()
    columns = ("id", "title", "fetched", "for")
    rows = [
        (stack.id, stack.title, "yes" if stack.folder() else "-", stack.purpose)
        for stack in stacks().values()
    ]
    if out.is_terminal:
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        out.print(table)
    else:
        write_out("".join("\t".join(row) + "\n" for row in rows))


@application.command("fetch")
def fetch_stacks(ids: Ids = None) -> None:
    """Fetch stacks, and those they need, into the cache folder; what is there already is left alone."""
    with one_line_errors():
        chosen = with_needs(select(ids or (), stacks(), "stack", "stacks list"))
    # As an interrupt, so that what is half fetched is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failed = False
    for stack in (stacks()[identity] for identity in chosen):
        if stack.folder() is None:
            tell(f"{stack.id}: fetching {stack.distribution} {stack.version} ...")
        try:
            tell(f"{stack.id}: {fetch(stack)}")
        except FetchError as error:
            tell(f"tls-matrix: {error}")
            failed = True
    if failed:
        raise typer.Exit(EXIT_HARNESS)


def _entry(stack: Stack) -> dict[str, object]:
    folder = stack.folder()
    return {
        "id": stack.id,
        "title": stack.title,
        "purpose": stack.purpose,
        "registry": stack.registry,
        "distribution": stack.distribution,
        "version": stack.version,
        "platform": stack.platform,
        "needs": list(stack.needs),
        "files": [{"name": file.name, "python": file.python, "sha256": file.sha256} for file in stack.files],
        "folder": str(folder) if folder else None,
    }
