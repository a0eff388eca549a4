"""A run.json of which the end is missing, as a copy that was broken off: what it is and what to do."""

from pathlib import Path

import pytest

from matrix.results.run_file import encode
from tests.matrix.runs import cell, run
from tests.matrix.test_cli import tls_matrix

RUN = ("run", "--server", "jsse6@6u45", "--client", "java-7", "-n", "0", "--out", "{folder}/new")


@pytest.mark.long(but=["arguments0"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "{folder}/cut"),
        ("compare", "{folder}/cut", "{folder}/whole"),
        ("history", "import", "{folder}/cut", "--history", "{folder}/history.sqlite"),
        (*RUN, "--baseline", "{folder}/cut"),
    ],
)
def test_it_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    content = encode(run(cell("jsse6@6u45", "java-7")))
    for name, size in (("whole", len(content)), ("cut", len(content) // 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(content[:size])
    lines = content[: len(content) // 2].rstrip().count("\n") + 1
    done = tls_matrix(*(each.format(folder=tmp_path) for each in arguments))
    what = f"breaks off in line {lines}, the rest is missing: copy it again, or have it written anew"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tls-matrix: {tmp_path}/cut/run.json: {what}\n"
    assert not (tmp_path / "new").exists()
