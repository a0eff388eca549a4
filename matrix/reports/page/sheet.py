"""The data of a page's grid: columns, rows, cells and legend, as JSON. Pure.

A cell is four numbers: its look, its story, the milliseconds it took, and what lies beside the page; -1 is
none. Looks stand once. The grid of a run and that of a comparison are both such a sheet.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from msgspec import Struct

from matrix.reports.next_step import COMMAND
from matrix.reports.page.interned import Interned
from matrix.reports.page.look import MAX_TEXT, Explained, State, Trait, look
from matrix.reports.page.sources import Sources
from matrix.reports.table import Rows, Table, heading, says_something
from matrix.results.run_file import CellRecord, RunFile, TargetRecord
from matrix.results.timings import Timings
from matrix.wording import bounded

MAX_NAME = 200
ROWS = [
    ["differing", "that differ", "rows in which every cell simply works are left out"],
    ["all", "all", ""],
    ["unexpected", "with something unexpected", "rows that went as expected are left out"],
]
"""Which rows a person can choose, with what the choice is called and what it leaves out; the first is what is
shown at first.
"""
NONE = -1
STORY, NUMBERS_OF_A_CELL = 1, 4
"""Which of a cell's numbers is its story, and how many it has."""
EVIDENCE, CAPTURE = 1, 2
"""What lies beside the page, added up."""


class Sheet(Struct, frozen=True):
    """The data of a grid, and the ids of its cells. Until the stories are known, the place of a cell among
    the ids stands where the number of its story is to be, which is no longer; a fleet has many cells.
    """

    data: dict[str, Any]
    ids: Sequence[str]

    def with_stories(self, numbers: Mapping[str, int]) -> dict[str, Any]:
        """The data with the numbers of stories, by the ids of their cells; to be asked for once."""
        for group in self.data["groups"]:
            for row in group["rows"]:
                cells = row["cells"]
                for at in range(STORY, len(cells), NUMBERS_OF_A_CELL):
                    if cells[at] != NONE:
                        cells[at] = numbers.get(self.ids[cells[at]], NONE)
        return self.data


def sheet(run: RunFile, tables: Sequence[Table], timings: Timings, sources: Sources) -> Sheet:
    """The sheet of a run, without stories."""
    servers = list(dict.fromkeys(server for table in tables for server in table.servers))
    clients = sorted({client for table in tables for client in table.clients})
    numbers = {client: number for number, client in enumerate(clients)}
    targets = {target.name: target for target in (run.run.asked.targets if run.run.asked else ())}
    looks, ids = Interned(), list[str]()

    def row_of(table: Table, client: str) -> dict[str, Any]:
        row = table.row(client, servers)
        flat: list[int] = []
        for cell in row:
            if cell is None:
                flat += (NONE, NONE, NONE, 0)
                continue
            seconds = timings.seconds.get(cell.id)
            took = NONE if seconds is None else round(seconds * 1000)
            flat += (looks.number(asdict(look(cell))), len(ids), took, _beside(cell, sources))
            ids.append(cell.id)
        return {
            "client": numbers[client],
            "differs": says_something(row, Rows.DIFFERING),
            "unexpected": says_something(row, Rows.UNEXPECTED),
            "cells": flat,
        }

    groups = [
        {
            "scenario": bounded(table.scenario, MAX_NAME),
            "rows": [row_of(table, client) for client in table.clients],
        }
        for table in tables
    ]
    data = {
        "servers": [_server(server, run, targets.get(server)) for server in servers],
        "clients": [_client(client, run) for client in clients],
        "groups": groups,
        "looks": looks.values,
        "legend": legend(looks.values, State, Trait),
        "choices": ROWS,
    }
    return Sheet(data, ids)


def legend(
    looks: Iterable[Mapping[str, Any]], states: type[Explained], traits: type[Explained]
) -> list[dict[str, str]]:
    """Explain the states and traits that there are, in their order."""
    shown = {found for each in looks for found in (each["state"], *each["traits"])}
    return [
        {"kind": kind, "key": each.value, "sign": each.sign, "word": each.word, "meaning": each.meaning}
        for kind, words in (("state", states), ("trait", traits))
        for each in words
        if each.value in shown
    ]


def _beside(cell: CellRecord, sources: Sources) -> int:
    if not sources.has_evidence(cell.id):
        return 0
    return EVIDENCE + (CAPTURE if sources.has_capture(cell.id) else 0)


def _server(server: str, run: RunFile, target: TargetRecord | None) -> dict[str, Any]:
    record = run.servers[server]
    above = heading(server, record)
    return {
        "id": bounded(server, MAX_NAME),
        "name": bounded(above.name, MAX_NAME),
        "level": bounded(above.level, MAX_NAME),
        "toggles": [bounded(toggle, MAX_NAME) for toggle in above.toggles],
        "title": bounded(record.title, MAX_TEXT),
        "stack": bounded(record.stack, MAX_TEXT),
        "hypothesis": record.hypothesis,
        "repeat": bounded(f"{COMMAND} run {_asked_by(server, target)}", MAX_TEXT),
    }


def _asked_by(server: str, target: TargetRecord | None) -> str:
    """The option that names a server, as a shell takes it."""
    if target is None:
        return f"--server {shlex.quote(server)}"
    parts = [f"{target.name}={target.address}"]
    parts += [f"sni={target.server_name}"] if target.server_name else []
    parts += [f"starttls={target.starttls}"] if target.starttls else []
    return f"--target {shlex.quote(','.join(parts))}"


def _client(client: str, run: RunFile) -> dict[str, Any]:
    record = run.clients[client]
    return {
        "id": bounded(client, MAX_NAME),
        "quoted": bounded(shlex.quote(client), MAX_NAME),
        "title": bounded(record.title, MAX_TEXT),
        "sets": [bounded(name, MAX_NAME) for name in record.sets],
    }
