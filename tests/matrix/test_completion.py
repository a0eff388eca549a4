"""Completion: in a real bash, at a terminal, with the script that `--show-completion` shows; and the words
that are made of the pieces which bash hands over.
"""

import os
import pty
import select
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from matrix.commands.bash_words import joined
from matrix.history.adding import add_runs
from matrix.history.kept_run import Definitions, KeptRun, State
from tests.matrix.test_manners import completed, script_for

DONE = "42 is done"
"""Is printed before each prompt, and typed nowhere."""
SECONDS = 60.0
TAB, BEGIN_OF_LINE = "\t", "\x01"
BASH = shutil.which("bash")


class Bash:
    """An interactive bash without anybody's settings, which has the script for completion."""

    def __init__(self, folder: Path, first: str = "") -> None:
        script = folder / "completion.bash"
        script.write_text(script_for("bash"), encoding="utf-8")
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PROMPT_COMMAND": "echo $((6 * 7)) is done",
            "TERM": "dumb",
            "HOME": str(folder),
        }
        assert BASH is not None
        self._said = ""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(BASH, [BASH, "--norc", "--noprofile", "-i"], environment)
        self._until_done()
        self.do(f"set +H; {first}source {script}")

    def do(self, line: str) -> str:
        """Give a line; gives all that is on the terminal until bash is ready again."""
        os.write(self._terminal, f"{line}\n".encode())
        return self._until_done()

    def completed(self, line: str) -> str:
        """The line after TAB, its words in angle brackets."""
        said = self.do(f"{line}{TAB}{BEGIN_OF_LINE}printf '<%s>' ")
        return said.splitlines()[-1]

    def end(self) -> None:
        """Leave it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def _until_done(self) -> str:
        ends = monotonic() + SECONDS
        while DONE not in self._said:
            is_ready, _, _ = select.select([self._terminal], [], [], max(0, ends - monotonic()))
            assert is_ready, f"bash says {self._said!r}"
            self._said += os.read(self._terminal, 1 << 16).decode()
        said, _, self._said = self._said.partition(DONE)
        return said


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    """One bash with the settings that bash has by itself."""
    if BASH is None:
        pytest.skip("bash is not installed")
    shell = Bash(tmp_path_factory.mktemp("bash"))
    yield shell
    shell.end()


@pytest.mark.long(but=["*explain*", "*--time*"])
@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("tls-matrix run --client set:to", "<run><--client><set:today>"),
        ("tls-matrix run --client=set:to", "<run><--client=set:today>"),
        ("tls-matrix run --server openssl@4.0.3", "<run><--server><openssl@4.0.3>"),
        ("tls-matrix run --server openssl@4", "<run><--server><openssl@4.0.>"),
        ("tls-matrix run --server openssl@", "<run><--server><openssl@>"),
        (
            "tls-matrix run --server webmethods-8.0.1@core-fix-1",
            "<run><--server><webmethods-8.0.1@core-fix-19>",
        ),
        (
            "tls-matrix run --server openssl@4.0.3 --client set:to",
            "<run><--server><openssl@4.0.3><--client><set:today>",
        ),
        ("tls-matrix run --client 'set:to", "<run><--client><set:today>"),
        ("tls-matrix run --time-", "<run><--time-limit>"),
        (
            "tls-matrix explain openssl@4.0.3/chromium-156/conn",
            "<explain><openssl@4.0.3/chromium-156/connect>",
        ),
        ("tls-matrix run --client nobody:xy", "<run><--client><nobody:xy>"),
        ("tls-matrix report compl", "<report><completion.bash>"),
    ],
)
def test_bash_completes(bash: Bash, typed: str, becomes: str) -> None:
    assert bash.completed(typed) == f"<tls-matrix>{becomes}"


@pytest.mark.long
@pytest.mark.skipif(BASH is None, reason="bash is not installed")
def test_a_bash_that_divides_at_blanks_alone(tmp_path: Path) -> None:
    """Some set COMP_WORDBREAKS so, for other programs."""
    bash = Bash(tmp_path, "COMP_WORDBREAKS=$' \\t\\n'; ")
    assert bash.completed("tls-matrix run --client=set:to") == "<tls-matrix><run><--client=set:today>"
    assert bash.completed("tls-matrix run --client set:to") == "<tls-matrix><run><--client><set:today>"
    bash.end()


@pytest.mark.parametrize(
    ("pieces", "words", "had"),
    [
        (["x", "set", ":", "to"], ["x", "set:to"], "set:"),
        (["x", "set", ":"], ["x", "set:"], "set:"),
        (["x", "set", ":", ""], ["x", "set:", ""], ""),
        (["x", "o", "@", "4"], ["x", "o@4"], "o"),
        (["x", "o", "@"], ["x", "o@"], "o"),
        (["x", "o", "@", "4,a", "=", "b"], ["x", "o@4,a=b"], "o@4,a="),
        (["x", "--client", "=", "set", ":", "t"], ["x", "--client=set:t"], "--client=set:"),
        (["x", "a", "::", "b", "c"], ["x", "a::b", "c"], ""),
        (["x", "--server", "o", ":", "--client", "j"], ["x", "--server", "o:", "--client", "j"], ""),
        (["/home/a", "@", "b/x", "ru"], ["/home/a@b/x", "ru"], ""),
        (["x"], ["x"], ""),
        ([], [], ""),
    ],
)
def test_words_of_pieces(pieces: list[str], words: list[str], had: str) -> None:
    assert joined(pieces) == (words, had)


@pytest.mark.long(but=["*hello?show*", "*explain*"])
@pytest.mark.parametrize(
    ("words", "among"),
    [
        ("tls-matrix stacks fetch openssl-4", "openssl-4.0.0"),
        ("tls-matrix stacks export new.file openssl-4", "openssl-4.0.0"),
        ("tls-matrix explain jsse6@6u4", "jsse6@6u45/java-7/"),
        ("tls-matrix explain jsse6@6u45/java-7/con", "jsse6@6u45/java-7/connect"),
        ("tls-matrix explain --client java-", "java-7"),
        ("tls-matrix hello show java-", "java-7"),
        ("tls-matrix hello diff java-7 java-", "java-8"),
        ("tls-matrix remedies jsse6", "jsse6@6u45"),
        ("tls-matrix remedies jsse6@6u45 --client java-", "java-7"),
        ("tls-matrix list clients java-", "java-7"),
        ("tls-matrix list servers jsse6", "jsse6@6u45"),
        ("tls-matrix list scenarios split", "split-hello"),
        ("tls-matrix images build to", "tool"),
        ("tls-matrix images sbom to", "tool"),
        ("tls-matrix history im", "import"),
    ],
)
def test_every_command_that_takes_an_id(words: str, among: str) -> None:
    found = completed(words)
    assert among in found
    assert all(each.startswith(words.rpartition(" ")[2]) for each in found)


@pytest.mark.parametrize("words", ["tls-matrix list sets java-", "tls-matrix stacks fetch nothing-is-called"])
def test_what_is_not_there_completes_nothing(words: str) -> None:
    assert completed(words) == []


@pytest.mark.long
def test_clients_and_servers_of_the_users_own(tmp_path: Path) -> None:
    assert completed("tls-matrix run --client java-7") != []
    unusable = tmp_path / "mine.toml"
    unusable.write_text("no profile")
    assert completed(f"tls-matrix run --clients-dir {tmp_path} --client java-7") == []


@pytest.mark.long
def test_cells_of_the_history(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    names = ("jsse6@6u45/java-7/connect", "jsse6@6u45/java-8/connect", "jsse6@6u45/java-8/resume-ticket")
    same = Definitions("same", changes_unseen=False)
    cells = {name: (same, State("passed", "works")) for name in names}
    add_runs(file, [KeptRun("identity", "content", "run", "run", "", "1", False, cells)])

    def found(incomplete: str) -> list[str]:
        return completed(f"tls-matrix history show --history {file} {incomplete}")

    assert found("js") == ["jsse6@6u45/java-7/", "jsse6@6u45/java-8/"]
    assert found("jsse6@6u45/java-7") == [names[0]]
    assert found("jsse6@6u45/java-8/") == list(names[1:])
    assert found("nobody") == []
    file.write_bytes(b"no database")
    assert found("js") == []
