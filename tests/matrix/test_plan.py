"""What is planned, before anything runs."""

from pathlib import Path

import pytest

from clients.profile import BUNDLED_PROFILES, Profiles, load_profiles
from matrix.errors import SelectionError
from matrix.plan.loading import choose_clients, choose_profile, sets_of
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions

PROFILES = load_profiles()


def test_clients_outside_the_default_grid_come_with_a_pattern() -> None:
    assert "java-6u18" not in clients_of(RunOptions())
    assert clients_of(RunOptions(client=("java-6u2?",))) == {"java-6u21", "java-6u22"}
    assert clients_of(RunOptions(client=("*",))) == PROFILES.keys()


def test_without_a_pattern_come_the_sets_core_and_today() -> None:
    assert clients_of(RunOptions()) == clients_of(RunOptions(client=("set:core", "set:today")))


def test_a_set_is_chosen_with_others() -> None:
    chosen = choose_clients(("set:incident", "java-25"), PROFILES, {})
    assert "java-25" in chosen
    assert "wfetch-winxp" in chosen
    assert len(chosen) == 1 + len(sets_of(PROFILES)["incident"])
    assert choose_clients(("set:all",), PROFILES, {}) == sorted(PROFILES)


@pytest.mark.parametrize("pattern", ["set:none", "set:", "set:ja*"])
def test_a_set_that_there_is_not_is_told_those_that_there_are(pattern: str) -> None:
    with pytest.raises(SelectionError, match=r"no client is in a set .* the sets are all, browsers, core, "):
        choose_clients((pattern,), PROFILES, {})


def test_one_client_is_no_set() -> None:
    with pytest.raises(SelectionError, match=r"set:java: is a set; name one client"):
        choose_profile("set:java", PROFILES, "")


def test_a_set_of_the_user_s_own(tmp_path: Path) -> None:
    lines = (BUNDLED_PROFILES / "java-17.toml").read_text().splitlines()
    changed = {"id": 'id = "mine"', "sets": 'sets = ["ours"]'}
    (tmp_path / "mine.toml").write_text(
        "\n".join(changed.get(each.partition(" =")[0], each) for each in lines)
    )
    assert clients_of(RunOptions(client=("set:ours",), clients_dir=(tmp_path,))) == {"mine"}


def test_a_run_with_two_clients_reads_two_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    get = Profiles.__getitem__

    def seen(profiles: Profiles, identity: str) -> object:
        read.append(identity)
        return get(profiles, identity)

    def refused(profiles: Profiles, folder: Path | None = None) -> None:
        raise AssertionError("all profiles were read")

    monkeypatch.setattr(Profiles, "__getitem__", seen)
    monkeypatch.setattr(Profiles, "read", refused)
    assert clients_of(RunOptions(client=("java-7", "openssl-3.0"))) == {"java-7", "openssl-3.0"}
    assert set(read) == {"java-7", "openssl-3.0"}


def clients_of(options: RunOptions) -> set[str]:
    return {planned.cell.client for planned in make_plan(options).cells}
