"""Runs in parts: the parts are the whole, and what is put together is what the whole run writes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from matrix.errors import SelectionError
from matrix.plan.shard import Shard
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import run_json

SERVERS = ("--server", "jsse6@6u45", "--server", "webmethods-8.0.1@core-fix-19", "--server", "jsse7@7u85")
ASKED = (*SERVERS, "--client", "set:incident", "-n", "0")
SHARDS = 8


@pytest.mark.parametrize(("length", "count"), [(1, 1), (7, 2), (7, 7), (8, 7), (9, 2), (100, 1), (100, 7)])
def test_the_parts_are_the_whole_and_of_one_size(length: int, count: int) -> None:
    items = list(range(length))
    parts = [Shard(number, count).of(items) for number in range(1, count + 1)]
    assert [item for part in parts for item in part] == items
    sizes = sorted(map(len, parts))
    assert sizes[-1] - sizes[0] <= 1


@pytest.mark.parametrize("text", ["0/8", "9/8", "8", "1/0", "-1/8", "a/b", "1/8/2", " 1/8", "01/8", ""])
def test_what_is_no_part_is_told(text: str) -> None:
    with pytest.raises(SelectionError, match="write the number of a part and how many there are"):
        Shard.parse(text)


def test_more_parts_than_cells_are_told() -> None:
    assert str(Shard.parse("2/8")) == "2/8"
    with pytest.raises(SelectionError, match="the run has 3 cells; choose at most so many parts"):
        Shard(1, 4).of([1, 2, 3])


def ran(folder: Path, *more: str, asked: Sequence[str] = ASKED) -> Path:
    ended = tls_matrix("run", *asked, *more, "--out", str(folder), "--quiet")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The whole run, and its shards."""
    folder = tmp_path_factory.mktemp("shards")
    shards = [ran(folder / str(n), "--shard", f"{n}/{SHARDS}") for n in range(1, SHARDS + 1)]
    return ran(folder / "whole"), shards


@pytest.mark.long
def test_eight_shards_put_together_are_the_whole_run(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    whole, shards = runs
    one = tmp_path / "one"
    # In an order that is not that of their numbers.
    done = tls_matrix("report", "merge", *map(str, reversed(shards)), "--out", str(one))
    assert done.returncode == 0, done.stderr
    assert (one / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert (one / "grid.md").exists()
    kept = {path.relative_to(whole) for path in (whole / "evidence").rglob("*.json")}
    assert kept
    assert {path.relative_to(one) for path in (one / "evidence").rglob("*.json")} == kept
    assert len(list((one / "evidence").rglob("*.pcapng"))) == len(kept)
    times = json.loads((one / "timings.json").read_text())["cells"]
    assert set(times) == {cell["id"] for cell in run_json(whole)["cells"]}


def test_a_shard_says_which_it_is_and_is_not_partial(runs: tuple[Path, list[Path]]) -> None:
    whole, shards = runs
    assert "shard" not in run_json(whole)["run"]
    said = [run_json(shard)["run"] for shard in shards]
    assert [run["shard"] for run in said] == [f"{n}/{SHARDS}" for n in range(1, SHARDS + 1)]
    assert not any(run["partial"] for run in said)
    sizes = {len(run_json(shard)["cells"]) for shard in shards}
    assert max(sizes) - min(sizes) <= 1


def one_line(*arguments: str) -> str:
    done = tls_matrix(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("tls-matrix: ").rstrip("\n")


def test_a_shard_is_no_run_to_compare_with(runs: tuple[Path, list[Path]]) -> None:
    whole, (first, *_) = runs
    said = f"{first}: is shard 1/8 of a run; make one run of all with `tls-matrix report merge`"
    assert one_line("compare", str(whole), str(first)) == said
    assert one_line("compare", str(first), str(whole)) == said
    assert one_line("run", *ASKED, "--baseline", str(first)) == said


@pytest.mark.long
def test_what_is_no_whole_set_of_shards_is_told(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    whole, shards = runs
    names = [*map(str, shards)]
    merge = ("report", "merge")
    to = ("--out", str(tmp_path / "one"))
    missing = "shard 3/8 is missing; name the folders of all 8"
    assert one_line(*merge, *names[:2], *names[3:], *to) == missing
    assert "is shard 1 as " in one_line(*merge, names[0], *names, *to)
    assert "is a whole run, and no shard of one" in one_line(*merge, *names, str(whole), *to)
    assert one_line(*merge, *names) == "report merge: name the new folder with --out DIR"
    assert one_line(*merge, *to) == "report merge: name the folders of the shards"
    assert "shards of a run follow the word merge" in one_line("report", *names)
    other = ran(tmp_path / "other", "--shard", "8/8", asked=(*ASKED, "--client", "java-7"))
    assert "; they are no shards of one run" in one_line(*merge, *names[:7], str(other), *to)
    assert not (tmp_path / "one").exists()


def test_a_partial_shard_makes_a_partial_run(runs: tuple[Path, list[Path]], tmp_path: Path) -> None:
    _, (first, *others) = runs
    copy = tmp_path / "first"
    copy.mkdir()
    content = run_json(first)
    content["run"]["partial"] = True
    content["cells"].pop()
    (copy / "run.json").write_text(json.dumps(content))
    done = tls_matrix("report", "merge", str(copy), *map(str, others), "--out", str(tmp_path / "one"))
    assert done.returncode == 0, done.stderr
    assert run_json(tmp_path / "one")["run"]["partial"]
