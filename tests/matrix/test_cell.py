import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.cell import Cell, grid, parse_cell_id, select
from matrix.errors import SelectionError

NAMES = st.text("abc@,=.-0129", min_size=1, max_size=8)
IDS = ["firefox-100", "firefox-9", "java-6", "java-7"]


@given(st.lists(NAMES), st.lists(NAMES), st.lists(NAMES))
def test_the_grid_is_sorted_and_holds_each_combination_once(
    servers: list[str], clients: list[str], scenarios: list[str]
) -> None:
    cells = grid(servers, clients, scenarios)
    assert cells == sorted(set(cells))
    assert len(cells) == len(set(servers)) * len(set(clients)) * len(set(scenarios))


@given(NAMES, NAMES, NAMES)
def test_an_id_reads_back(server: str, client: str, scenario: str) -> None:
    cell = Cell(server, client, scenario)
    assert parse_cell_id(cell.id) == cell


PATHS = st.text("abc/%2C,=.@-", min_size=1, max_size=12).map("/{}".format)


@given(PATHS, NAMES, NAMES)
def test_an_id_with_the_path_of_a_program_reads_back(path: str, client: str, scenario: str) -> None:
    cell = Cell(f"gnutls@system,program={path}", client, scenario)
    assert parse_cell_id(cell.id) == cell


@pytest.mark.parametrize("text", ["", "a/b", "a/b/c/d", "a//c", "=/b", "a,program=x/y/c/d"])
def test_a_cell_id_has_three_parts(text: str) -> None:
    with pytest.raises(SelectionError, match="no cell id"):
        parse_cell_id(text)


def test_patterns_add_up_and_nothing_is_chosen_twice() -> None:
    assert select(["java-*", "*-7"], IDS, "client") == ["java-6", "java-7"]


def test_no_pattern_chooses_everything() -> None:
    assert select([], reversed(IDS), "client") == IDS


def test_an_id_that_reads_like_a_pattern_still_matches_itself() -> None:
    assert select(["odd[1]"], ["odd[1]", "odd1"], "client") == ["odd[1]"]


def test_a_pattern_that_matches_nothing_is_an_error_that_names_near_ids() -> None:
    with pytest.raises(SelectionError, match=r"no client matches 'fierfox-9'; near it: firefox-9"):
        select(["java-6", "fierfox-9"], IDS, "client")


def test_without_anything_near_the_error_lists_what_there_is() -> None:
    with pytest.raises(SelectionError, match=r"there are: firefox-100, firefox-9, java-6, java-7"):
        select(["zzz"], IDS, "client")
