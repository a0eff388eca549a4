"""A program that is a command: started anew for each visit, its output read by patterns."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from ssl import get_default_verify_paths

from clients.genuine.finding import Places, find
from clients.genuine.process import run
from clients.genuine.program import Call, Said
from handshake.wire.registry import AlertDescription, alert_name
from stacks.temporary_folder import temporary_folder

HTTP_ANSWER = re.compile(r"HTTP/[0-9.]+ +[1-5][0-9]{2}.*", re.DOTALL)
PLACEHOLDERS = ("host", "port", "name", "ca", "request", "request_file", "keylog")
"""What may stand in braces in arguments and in the values of variables."""
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
"""Where a system keeps the certificates that it trusts, if OpenSSL's own place has none."""
_NUMBERS = {alert_name(member): int(member) for member in AlertDescription}


@dataclass(frozen=True)
class Command:
    """A program that is started for each visit.

    In the arguments and in the values of `environment`, {host}, {port}, {name}, {ca}, {request},
    {request_file} and {keylog} stand for the address, what the server is called, a file of certificates to
    trust (at a server whose certificates are not known, those that this machine trusts), the request, a file
    that holds it, and a file for the key log. `says_request`: the request comes on
    standard input. `works` and `fails` are looked for in the words; `works` is the answer, from where it is
    found; `prints_answer` says that it prints every answer that it gets. The first group of `alert_sent` and
    `alert_received` is an alert's name or number. `closes_input`: its standard input ends behind the request.
    `hides_answer`: it may get answers that it does not print, or not as they came; `status_tells`: with the
    exit status 0 it had one, if the handshake was complete. `find` looks for the patterns.
    """

    id: str
    title: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    says_request: bool = True
    works: Sequence[re.Pattern[str]] = (HTTP_ANSWER,)
    fails: Sequence[re.Pattern[str]] = ()
    alert_sent: re.Pattern[str] | None = None
    alert_received: re.Pattern[str] | None = None
    missing: str | None = None
    prints_answer: bool = False
    closes_input: bool = False
    hides_answer: bool = False
    status_tells: bool = False
    find: Callable[[Sequence[re.Pattern[str]], str], Places] = find

    def visit(self, call: Call) -> Said:
        """Run the command. Raises Endless where its patterns cannot be looked for in time."""
        with temporary_folder("visit") as folder:
            key_log, request = folder / "keylog", folder / "request"
            request.write_bytes(call.request)
            fill = filler(
                host=call.host,
                port=str(call.port),
                name=call.server_name or call.host,
                ca=str(_file_of_trusted(call.trusted, folder)),
                request=call.request.decode("latin-1"),
                request_file=str(request),
                keylog=str(key_log),
            )
            ended = run(
                [fill(argument) for argument in self.arguments],
                call.deadline,
                call.request if self.says_request else b"",
                {**os.environ, **{name: fill(value) for name, value in self.environment.items()}},
                closes_input=self.closes_input,
            )
            secrets = key_log.read_text("latin-1").splitlines() if key_log.exists() else ()
        said = self.read(ended.words, ended.how, tuple(secrets))
        return replace(
            said,
            is_late=ended.status is None,
            hides_answer=self.hides_answer,
            ends_well=self.status_tells and ended.status == 0,
        )

    def read(self, words: str, how: str, key_log: tuple[str, ...] = ()) -> Said:
        """Read the words."""
        of_alerts = [each for each in (self.alert_sent, self.alert_received) if each is not None]
        places = self.find([*self.works, *self.fails, *of_alerts], words)
        found = next((place for pattern in self.works if (place := places[pattern])), None)
        is_failed = any(places[pattern] for pattern in self.fails)
        return Said(
            words,
            how,
            False if is_failed else None,
            b"" if found is None else words[found.start :].encode("utf-8", "replace"),
            _alert(self.alert_sent, places),
            _alert(self.alert_received, places),
            key_log,
            prints_answer=self.prints_answer,
        )


def filler(**values: str) -> Callable[[str], str]:
    """What puts values in place of their names in braces; other braces stay."""
    names = re.compile("|".join(re.escape(f"{{{name}}}") for name in values))
    return lambda text: names.sub(lambda found: values[found[0][1:-1]], text)


def _file_of_trusted(certificates: str, folder: Path) -> Path:
    """A file of the certificates to trust. Where none are known it is the machine's own, since programs end
    at an empty file; a machine that has none gets that.
    """
    found = (Path(each) for each in (get_default_verify_paths().cafile, *_BUNDLES) if each)
    own = next((each for each in found if each.is_file()), None)
    if own is not None and not certificates:
        return own
    made = folder / "ca.pem"
    made.write_text(certificates)
    return made


def _alert(pattern: re.Pattern[str] | None, places: Places) -> int | None:
    found = None if pattern is None else places[pattern]
    if found is None or found.group is None:
        return None
    name = re.sub(r"[\s-]+", "_", found.group.strip().lower())
    if not name.isdecimal():
        return _NUMBERS.get(name)
    return int(name) if len(name) <= 3 and int(name) <= 255 else None
