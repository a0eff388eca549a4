"""What the audit makes of pip-audit's answers, each in the form that version 2.10.1 writes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.audit import LOCK_FILES, ROOT, AuditError, ask, locked, problems

PINS = {"cryptography": "50.0.2", "boolean-py": "5.0"}
CRYPTOGRAPHY: dict[str, Any] = {"name": "cryptography", "version": "50.0.2", "vulns": []}
BOOLEAN: dict[str, Any] = {"name": "boolean.py", "version": "5.0", "vulns": []}
NOT_FOUND = "Dependency not found on PyPI and could not be audited: cryptography (50.0.2)"
VULNERABILITY: dict[str, Any] = {
    "id": "PYSEC-2026-1",
    "fix_versions": ["50.0.3", "51.0.0"],
    "aliases": ["CVE-2026-1"],
    "description": "A buffer of the wrong length.",
}


def found(*dependencies: dict[str, Any]) -> list[str]:
    return problems(PINS, json.dumps({"dependencies": dependencies, "fixes": []}))


def test_a_full_answer_without_vulnerabilities_is_well() -> None:
    assert found(CRYPTOGRAPHY, BOOLEAN) == []


def test_a_package_that_was_skipped_is_a_failure() -> None:
    skipped = {"name": "cryptography", "skip_reason": NOT_FOUND}
    assert found(skipped, BOOLEAN) == [f"cryptography 50.0.2: was not looked up, {NOT_FOUND}"]


def test_a_package_that_is_missing_is_a_failure() -> None:
    assert found(CRYPTOGRAPHY) == ["boolean-py 5.0: was not looked up, the answer does not name it"]
    assert len(found()) == len(PINS)


def test_another_version_is_not_the_locked_one() -> None:
    other = CRYPTOGRAPHY | {"version": "49.0"}
    assert found(other, BOOLEAN) == ["cryptography 50.0.2: was not looked up, but 49.0"]


def test_a_vulnerable_package_is_a_failure_with_what_mends_it() -> None:
    unmended = VULNERABILITY | {"id": "GHSA-1", "aliases": [], "fix_versions": []}
    assert found(CRYPTOGRAPHY | {"vulns": [VULNERABILITY, unmended]}, BOOLEAN) == [
        "cryptography 50.0.2: PYSEC-2026-1, CVE-2026-1, fixed in 50.0.3, 51.0.0; "
        "to upgrade: tox -e lock -- --upgrade-package cryptography",
        "cryptography 50.0.2: GHSA-1, which no version fixes yet; check whether this project is affected",
    ]


@pytest.mark.parametrize(
    "answer",
    ["", "Traceback", "[]", "{}", '{"dependencies": [{"name": "cryptography"}]}', '{"dependencies": [1]}'],
)
def test_what_is_no_answer_is_a_failure(answer: str) -> None:
    with pytest.raises(AuditError, match="gave no answer"):
        problems(PINS, answer)


def test_the_packages_of_a_lock_file() -> None:
    text = "# by pip-compile\nBoolean.py==5.0 \\\n    --hash=sha256:00\n    # via x\ncryptography==50.0.2\n"
    assert locked(text) == PINS
    for wrong in ("cryptography>=50", "-r other.txt"):
        with pytest.raises(AuditError, match=f"line 2 names no package and version: {wrong}; "):
            locked(f"\n{wrong}\n")
    with pytest.raises(AuditError, match="it names no package"):
        locked("# nothing\n")


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_locked_package_has_a_digest(name: str) -> None:
    text = (ROOT / name).read_text()
    assert len(locked(text)) > 30
    digests = [line.partition("--hash=sha256:")[2].rstrip("\\ ") for line in text.splitlines()]
    entries = " ".join(digest or line for line, digest in zip(text.splitlines(), digests, strict=True))
    assert text.count("==") == len(locked(text))
    for package, version in locked(text).items():
        following = entries.partition(f"{package}=={version} \\ ")[2].split(" ")[0]
        assert len(bytes.fromhex(following)) == 32, package


def test_a_pip_audit_that_does_not_answer_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of the tests has none; this one says why it cannot."""
    (tmp_path / "pip_audit.py").write_text("raise SystemExit('the service is not there')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(AuditError, match="gave no answer: the service is not there"):
        ask(tmp_path / "lock.txt", ())
    done = audited()
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()[:-1]] == list(LOCK_FILES)
    assert "Check the network" in done.stderr.splitlines()[-1]


def test_where_there_is_no_pip_audit_it_says_what_installs_it() -> None:
    done = audited()
    said = "bench.audit: pip-audit is not there; `tox -e audit` installs it and runs this\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def audited() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.audit"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
