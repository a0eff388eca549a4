"""The jobs of `examples/`: the very command lines that are in the files, at servers of a site's file.

Whatever runs them, the parts are put together to the run that one machine makes, byte for byte.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from matrix.results.run_file import load_run
from tests.matrix.test_cli import tls_matrix
from tests.matrix.test_run import ROOT

pytestmark = pytest.mark.long

EXAMPLES = ROOT / "examples"
SITE = """
servers = ["jsse6@6u45", "webmethods-8.0.1@core-fix-19"]
clients = ["set:incident"]
"""
SECONDS = 120.0
AT_ONCE = 2


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the site on one machine."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "site.toml").write_text(SITE)
    out = folder / "whole"
    done = tls_matrix("run", "--matrix", str(folder / "site.toml"), "-n", "0", "--out", str(out), "--quiet")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as jobs find it: the site's file, and the program as `./tls-matrix` and on the path."""
    (tmp_path / "site.toml").write_text(SITE)
    for program in (tmp_path / "tls-matrix", tmp_path / "bin" / "tls-matrix"):
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m matrix "$@"\n')
        program.chmod(0o755)
    return tmp_path


def done(place: Path, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """What has become of a command of a job."""
    environment = {
        **os.environ,
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "TLS_MATRIX_HISTORY": str(place / "history-of-the-test.sqlite"),
        **variables,
    }
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=SECONDS
    )


def all_done(place: Path, commands: Sequence[Sequence[str]], variables: Sequence[Mapping[str, str]]) -> None:
    """Run the parts of a job side by side."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in pool.map(
            lambda each: done(place, each[0], **each[1]), zip(commands, variables, strict=True)
        ):
            assert ended.returncode == 0, ended.stdout + ended.stderr


def of_kubernetes(name: str) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all((EXAMPLES / "k8s" / name).read_text())


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def test_eight_pods_of_kubernetes_and_their_merge(place: Path, whole: Path) -> None:
    _, job = of_kubernetes("job.yaml")
    (merging,) = of_kubernetes("merge.yaml")
    assert job["spec"]["completionMode"] == "Indexed"
    count = job["spec"]["completions"]
    assert count == job["spec"]["parallelism"] == 8
    command = [*container(job)["command"], *container(job)["args"]]
    all_done(place, [command] * count, [{"JOB_COMPLETION_INDEX": str(index)} for index in range(count)])
    parts = [load_run(place / f"part-{index}").run.shard for index in range(count)]
    assert parts == [f"{number}/8" for number in range(1, 9)]
    merge = [*container(merging)["command"], *container(merging)["args"]]
    first = done(place, merge)
    assert first.returncode == 0, first.stderr
    assert (place / "whole" / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert "No regression" in first.stdout
    assert done(place, merge).returncode == 0, "the next night"
    worse = (
        (place / "good" / "run.json")
        .read_text()
        .replace('"verdict": "expected_failure"', '"verdict": "passed"')
    )
    worse = re.sub(r'"outcome": "fails"', '"outcome": "works"', worse)
    (place / "good" / "run.json").write_text(worse)
    assert done(place, merge).returncode == 1, "control: a job whose run is worse fails"


def test_a_pod_that_measured_nothing_is_tried_again_and_one_with_a_surprise_is_not(place: Path) -> None:
    _, job = of_kubernetes("job.yaml")
    command = [*container(job)["command"], *container(job)["args"]]
    expected = place / "expected"
    expected.mkdir()
    (expected / "mine.toml").write_text(
        '[[expectation]]\ncells = "jsse6@6u45/*/connect"\noutcome = "fails"\nreason = "server-hello:fin"\n'
        'why = "a test"\n'
    )
    (place / "site.toml").write_text(SITE + 'expectations = "expected"\n')
    surprised = done(place, command, JOB_COMPLETION_INDEX="0")
    assert surprised.returncode == 0, surprised.stderr
    assert "unexpected" in surprised.stdout
    (place / "site.toml").write_text("servers = [")
    assert done(place, command, JOB_COMPLETION_INDEX="0").returncode == 1


@pytest.mark.parametrize("name", ["job.yaml", "merge.yaml"])
def test_pods_have_no_rights_and_write_volumes_alone(name: str) -> None:
    *_, job = of_kubernetes(name)
    pod = job["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    limited = container(job)["securityContext"]
    assert limited["capabilities"] == {"drop": ["ALL"]}
    assert (limited["readOnlyRootFilesystem"], limited["allowPrivilegeEscalation"]) == (True, False)
    mounted = {each["name"] for each in container(job)["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}


def github() -> tuple[list[str], list[str]]:
    """The command of each part, and those that follow."""
    jobs = yaml.safe_load((EXAMPLES / "ci" / "github-actions.yml").read_text())["jobs"]
    (command,) = [step["run"] for step in jobs["test"]["steps"] if "run" in step]
    shards = jobs["test"]["strategy"]["matrix"]["shard"]
    parts = [command.replace("${{ matrix.shard }}", str(shard)) for shard in shards]
    return parts, [step["run"] for step in jobs["compare"]["steps"] if "run" in step]


def gitlab() -> tuple[list[str], list[str]]:
    jobs = yaml.safe_load((EXAMPLES / "ci" / "gitlab-ci.yml").read_text())
    (command,) = jobs["test"]["script"]
    count = jobs["test"]["parallel"]
    parts = [f"CI_NODE_TOTAL={count} CI_NODE_INDEX={n}; {command}" for n in range(1, count + 1)]
    return parts, jobs["compare"]["script"]


def jenkins() -> tuple[list[str], list[str]]:
    commands = re.findall(r"sh '([^']+)'", (EXAMPLES / "ci" / "Jenkinsfile").read_text())
    parts = [command for command in commands if " --shard " in command]
    clean, *others = [command for command in commands if command not in parts]
    return [f"{clean}; {parts[0]}", *parts[1:]], others


@pytest.mark.parametrize("read", [github, gitlab, jenkins])
def test_the_job_of_a_ci_server(
    read: Callable[[], tuple[list[str], list[str]]], place: Path, whole: Path
) -> None:
    parts, following = read()
    shutil.copytree(whole, place / "good")
    for part in parts:
        ended = done(place, ["sh", "-c", part])
        assert ended.returncode == 0, ended.stderr
    merge, compare = following
    ended = done(place, ["sh", "-c", merge])
    assert ended.returncode == 0, ended.stderr
    assert (place / "whole" / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert (place / "whole" / "junit.xml").is_file()
    compared = done(place, ["sh", "-c", compare])
    assert compared.returncode == 0
    assert "No regression" in compared.stdout
