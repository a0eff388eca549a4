"""A site's file: what it says is what the options say, and what is wrong with it is told with its line."""

from dataclasses import replace
from pathlib import Path

import pytest

from definitions.fault import UnusableFile
from matrix.errors import SelectionError
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.plan.site import SiteError, load_site, with_site
from matrix.results.run_file import encode
from tests.matrix.runs import cell, run
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import run_json

SITE = """
clients = ["set:incident"]
scenarios = ["connect"]
expectations = "expected"
baseline = "/runs/good"
timeout = 5.0
rate = 2.5
fail_on = ["unmeasured"]
clients_dir = ["clients"]
include = ["more/*.toml"]

[targets]
shop = "192.0.2.10:8443,sni=shop.example"
mail-1 = "192.0.2.25:25,starttls=smtp"

[groups]
dmz = ["shop"]
mail = ["mail-*"]
"""
MORE = """
[targets]
mail-2 = "192.0.2.26:25,starttls=smtp"
own = "192.0.2.30:443,cert=own.pem,key=own.key"

[groups]
dmz = ["own"]
"""


def written(folder: Path, site: str = SITE, **more: str) -> Path:
    (folder / "more").mkdir()
    for name, text in more.items():
        (folder / "more" / f"{name}.toml").write_text(text)
    (folder / "site.toml").write_text(site)
    return folder / "site.toml"


def test_a_target_of_the_command_line_takes_the_place_of_that_of_the_file(tmp_path: Path) -> None:
    other = "mail-1=192.0.2.99:25,starttls=smtp"
    site = written(tmp_path, SITE.replace('include = ["more/*.toml"]', ""))
    options = with_site(RunOptions(matrix=site, target=(other,)))
    assert options.target == ("shop=192.0.2.10:8443,sni=shop.example", other)


def test_the_file_says_what_the_options_say(tmp_path: Path) -> None:
    path = written(tmp_path, one=MORE)
    options = with_site(RunOptions(matrix=path))
    assert options.target == (
        "shop=192.0.2.10:8443,sni=shop.example",
        "mail-1=192.0.2.25:25,starttls=smtp",
        "mail-2=192.0.2.26:25,starttls=smtp",
        f"own=192.0.2.30:443,cert={tmp_path}/more/own.pem,key={tmp_path}/more/own.key",
    )
    assert (options.client, options.scenario, options.fail_on) == (
        ("set:incident",),
        ("connect",),
        ("unmeasured",),
    )
    assert (options.baseline, options.expectations) == (Path("/runs/good"), tmp_path / "expected")
    assert options.clients_dir == (tmp_path / "clients",)
    assert (options.timeout, options.rate) == (5.0, 2.5)


def test_what_is_given_counts_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, one=MORE)
    given = RunOptions(
        matrix=path, client=("java-7",), target=("x=192.0.2.1:1",), timeout=9.0, rate=1.0, group=("mail",)
    )
    options = with_site(given)
    assert options.client == ("java-7",)
    assert [each.partition("=")[0] for each in options.target] == ["mail-1", "mail-2", "x"]
    assert (options.timeout, options.rate) == (9.0, 1.0)


def test_a_group_is_what_all_files_say_of_it(tmp_path: Path) -> None:
    options = with_site(RunOptions(matrix=written(tmp_path, one=MORE), group=("dmz",)))
    assert [each.partition("=")[0] for each in options.target] == ["shop", "own"]


def test_without_a_file_nothing_changes() -> None:
    given = RunOptions(client=("java-7",))
    assert with_site(given) is given


def test_a_file_that_includes_itself_is_read_once(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, one='include = ["../site.toml"]\n[targets]\nx = "h:1"\n'))
    assert sorted(site.targets) == ["mail-1", "shop", "x"]


@pytest.mark.parametrize(
    ("site", "more", "said"),
    [
        ('[targets]\nshop = "192.0.2.10"\n', "", 'targets.shop (line 2): "192.0.2.10" is not HOST:PORT'),
        ('[targets]\nshop = "192.0.2.10:8443,snj=x"\n', "", "targets.shop (line 2): "),
        ("[target]\n", "", "target (line 1): "),
        ("timeout = 0\n", "", "timeout (line 1): "),
        ("clients = 3\n", "", "clients (line 1): "),
        ('include = ["none.toml"]\n', "", "include[0] (line 1): 'none.toml' is no file beside it"),
        ('[groups]\ndmz = ["x*"]\n', "", "groups.dmz[0] (line 2): no target matches 'x*'"),
        (SITE, '[targets]\nshop = "h:1"\n', "targets.shop (line 2): is in "),
        ("targets = \n", "", "site.toml: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, site: str, more: str, said: str) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(written(tmp_path, site, **({"one": more} if more else {}))).check()
    (line,) = caught.value.lines
    assert said in line


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    wrong = 'include = ["more/*.toml"]\nclients = 3\n[targets]\na = "x"\nb = "y"\n'
    with pytest.raises(SiteError) as caught:
        load_site(written(tmp_path, wrong)).check()
    assert len(caught.value.lines) >= 3


WRONG = """clients = ["java-7", "nobody", "set:nothing"]
servers = ["jsse6@6u45", "jsse6@7"]
scenarios = ["conect"]
baseline = "good"
expectations = "expected"
timeout = 0
fail_on = ["unmeasured", "failz"]
include = ["one.toml"]

[targets]
a = "192.0.2.1"
b = "192.0.2.1:443,cert=no.pem,key=no.key"
c = "192.0.2.1:443"

[groups]
dmz = ["x*", "a"]
"""
NAMED = (
    "timeout (line 6): is 0",
    "targets.a (line 11): ",
    "groups.dmz[0] (line 16): no target matches 'x*'",
    "clients[1] (line 1): no client matches 'nobody'",
    "clients[2] (line 1): no client is in a set 'nothing'",
    "servers[1] (line 2): no server matches 'jsse6@7'",
    "scenarios[0] (line 3): no scenario matches 'conect'",
    "fail_on[1] (line 7): failz: ",
    "targets.b (line 12): {folder}/no.key: No such file or directory; {folder}/no.pem: No such file",
    "expectations (line 5): {folder}/expected: has no file *.toml",
    "baseline (line 4): {folder}/good: cannot be read",
)


def wrong_site(folder: Path) -> Path:
    (folder / "one.toml").write_text('[targets]\nc = "h:1"\n')
    path = folder / "site.toml"
    path.write_text(WRONG)
    return path


def test_all_that_a_file_names_is_looked_up_before_anything_is_told(tmp_path: Path) -> None:
    path = wrong_site(tmp_path)
    with pytest.raises(UnusableFile) as caught:
        make_plan(RunOptions(matrix=path))
    twice = f"{tmp_path}/one.toml: targets.c (line 2): is in {path} too"
    told = [twice, *(f"{path}: {each.format(folder=tmp_path)}" for each in NAMED)]
    lines = caught.value.lines
    assert [sum(line.startswith(each) for line in lines) for each in told] == [1] * len(told)
    assert len(lines) == len(told)


def test_what_is_given_in_place_of_the_file_is_told_without_it(tmp_path: Path) -> None:
    path = wrong_site(tmp_path)
    given = RunOptions(matrix=path, baseline=tmp_path / "other", client=("java-7",), target=("b=h:1",))
    with pytest.raises(UnusableFile) as caught:
        make_plan(given)
    of_file = [line for line in caught.value.lines if line.startswith(f"{path}: ")]
    assert not [line for line in of_file if "clients" in line or "baseline" in line or "targets.b" in line]
    assert [line for line in caught.value.lines if line.startswith(f"{tmp_path}/other: cannot be read")]


@pytest.mark.parametrize(("key", "what"), [("servers_dir", "has no folder with a server.toml in it")])
def test_a_folder_that_the_file_names(tmp_path: Path, key: str, what: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'\n{key} = [\n  "nowhere",\n]\n')
    with pytest.raises(UnusableFile) as caught:
        make_plan(RunOptions(matrix=path))
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: {key}[0] (line 3): {tmp_path}/nowhere: {what}")


def test_a_baseline_of_other_cells(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "run.json").write_text(encode(run(cell("other", "java-6"))))
    path.write_text('clients = ["java-7"]\nbaseline = "good"\n[targets]\na = "192.0.2.1:443"\n')
    with pytest.raises(UnusableFile) as caught:
        make_plan(RunOptions(matrix=path))
    said = f"{path}: baseline (line 2): {tmp_path}/good: says nothing of any cell of this run; "
    assert caught.value.lines[0].startswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (RunOptions(group=("dmz",)), "--group: groups are those of a file; name it with --matrix FILE"),
        (RunOptions(group=("dmx",), matrix=Path("site.toml")), "--group: no group matches 'dmx'; near it: "),
    ],
)
def test_a_group_that_is_none_is_told(tmp_path: Path, options: RunOptions, said: str) -> None:
    path = written(tmp_path, one=MORE)
    chosen = options if options.matrix is None else replace(options, matrix=path)
    with pytest.raises(SelectionError) as caught:
        with_site(chosen)
    assert str(caught.value).startswith(said)


def test_a_run_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    nobody = 'clients = ["java-7"]\n[targets]\na = "127.0.0.1:1"\nb = "127.0.0.1:1"\n[groups]\none = ["b"]\n'
    path.write_text(nobody)
    out = tmp_path / "run"
    done = tls_matrix("run", "--matrix", str(path), "--group", "one", "--out", str(out))
    assert done.returncode == 3, done.stderr  # nobody listens
    assert [cell["id"] for cell in run_json(out)["cells"]] == ["b/java-7/connect"]
    missing = tls_matrix("run", "--matrix", str(tmp_path / "none.toml"))
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "check the name of the file" in missing.stderr


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (
            'clients = ["java-8"]\n[targets]\n',
            {},
            "there is no target and no server, so nothing would be tested",
        ),
        ('[targets]\nshop = "127.0.0.1:1"\n[groups]\nnone = []\n', {"group": ("none",)}, "no target of none"),
    ],
)
def test_a_file_of_nothing_does_not_test_the_default_servers(
    tmp_path: Path, text: str, options: dict[str, tuple[str, ...]], said: str
) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    with pytest.raises(SelectionError, match=said):
        make_plan(RunOptions(matrix=file, **options))  # type: ignore[arg-type]
    assert make_plan(RunOptions(matrix=file, server=("jsse6@6u45",), **options)).variants  # type: ignore[arg-type]
