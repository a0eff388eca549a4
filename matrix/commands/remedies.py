"""`tls-matrix remedies SERVER`: what could be done about clients that fail, tried away from production."""

from typing import Annotated

import typer

from definitions.fault import Together
from matrix.commands import completion
from matrix.commands.options import (
    ClientsDir,
    Json,
    ServersDir,
    Timeout,
    one_line_errors,
    tell,
    while_read,
    write_out,
)
from matrix.errors import EXIT_AS_EXPECTED, EXIT_HARNESS, EXIT_NOT_AS_EXPECTED
from matrix.plan.loading import (
    check_variant,
    choose_clients,
    load_all_definitions,
    load_all_profiles,
    load_all_settings,
)
from matrix.remedies.ranking import effects
from matrix.remedies.remedy import client_remedies, server_remedies
from matrix.remedies.trying import NotStartedError, try_remedies
from matrix.remedies.wording import remedies_lines, remedies_values
from matrix.reports.comparison import printable_lines
from matrix.results.run_file import to_json
from servers.variant import parse_server_id

TIMEOUT_SECONDS = 2.0


def remedies(
    server: Annotated[
        str,
        typer.Argument(
            metavar="SERVER",
            help="The server, by its id.",
            show_default=False,
            autocompletion=completion.servers,
        ),
    ],
    client: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PAT",
            help="Clients by id; without it the default ones.",
            autocompletion=completion.clients,
        ),
    ] = None,
    json: Json = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Name every client and setting.")] = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    servers_dir: ServersDir = None,
    clients_dir: ClientsDir = None,
) -> None:
    """Try every remedy that is known on every client, and rank them.

    At the server: each toggle, the other levels, the servers that succeed it. At the clients: what their
    stacks can be told (list settings). For each it says which clients it fixes and breaks, how much it takes,
    and which known hole it opens. Only servers of this program are started; production is not touched.
    Exit status: 0 a remedy helps, 1 none does, 2 the command line or a file has errors, 3 the server does not
    start here.
    """
    with one_line_errors() as notes:
        definitions = load_all_definitions(servers_dir or (), notes)
        profiles = load_all_profiles(clients_dir or (), notes)
        variant = parse_server_id(server, definitions)
        chosen = choose_clients(client or [], profiles, {})
        at_server = list(server_remedies(variant, definitions))
        together = Together()
        for each in (variant, *(remedy.server for remedy in at_server if remedy.server is not None)):
            with together:
                check_variant(each, profiles)
        together.end()
        known = [*at_server, *client_remedies(load_all_settings(clients_dir or (), notes))]
    try:
        tried = try_remedies(variant, known, chosen, profiles, timeout)
    except NotStartedError as error:
        tell(f"tls-matrix: {error}")
        raise typer.Exit(EXIT_HARNESS) from error
    found = effects(tried, variant)
    with while_read():
        if json:
            write_out(to_json(remedies_values(variant.id, tried, found)))
        else:
            lines = remedies_lines(variant.id, variant.definition.note, tried, found, everything=verbose)
            write_out(printable_lines(list(lines)))
    raise typer.Exit(EXIT_AS_EXPECTED if any(each.helps for each in found) else EXIT_NOT_AS_EXPECTED)
