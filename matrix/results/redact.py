"""A run to be forwarded: who was asked is replaced, and what went over the wire is kept only where it cannot
say it.

Targets, hosts, addresses, server names, the names in certificates and paths get placeholders, the same one
for the same name wherever it stands, in evidence, too. Secrets and the fingerprints of certificates are gone.
Of a connection's bytes those of a few messages are left (`_SAYS_NOTHING`), with every known name in them
written over; so a ClientHello stays what it was but for the name it asked for.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from handshake.errors import PeerFault
from handshake.reason import CLIENT_SAID, SERVER_SAID
from handshake.wire.client_hello import find_extension, pull_client_hello
from handshake.wire.extensions import pull_server_name
from handshake.wire.registry import ExtensionType
from matrix.cell import Cell
from matrix.results.evidence import ConnectionSeen, Entry, Evidence
from matrix.results.run_file import CertificateRecord, RunFile
from servers.own_program import PROGRAM, SYSTEM

GONE = "(redacted)"
_EXTERNAL = "external"
_HEADER = 4  # of a handshake message, RFC 8446 section 4
_SHORTEST_NAME = 4  # of a certificate's words: a country or "RSA" says nothing, and stands everywhere
_SAYS_NOTHING = frozenset(
    {
        "ClientHello",
        "ServerHello",
        "HelloRequest",
        "ServerHelloDone",
        "ServerKeyExchange",
        "ClientKeyExchange",
        "CertificateVerify",
        "Finished",
        "KeyUpdate",
    }
)
_RECORDS_THAT_SAY_NOTHING = frozenset({"alert", "change_cipher_spec"})
# Up to the last quote, because there may be some in what was said.
_SAID = re.compile(rf'({re.escape(SERVER_SAID)}|{re.escape(CLIENT_SAID)})".*"', re.DOTALL)
_PATH = re.compile(r"(?<![\w.:/-])(?:~|[A-Za-z]:)?(?:[/\\][\w.+@ -]+)+[/\\][\w.+@-]*")
_NUMBERED = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?!\.?\w)"
)
# What a run file says in words of its own, which nobody's name can be part of.
_OUR_WORDS = frozenset({"client", "scenario", "verdict", "outcome", "kind", "backend", "level", "schema"})
_OUR_WORDS |= {"environment", "tool_version", "profiles_digest", "clients", "toggles", "started"}
# Text of servers and people, in which an address or a path may stand that nobody has named before.
_FREE_TEXT = frozenset(
    {"note", "notes", "problem", "expected_why", "prediction_why", "command", "address", "asked"}
)
_FREE_TEXT |= {"reason", "log", "servers_dir", "clients_dir"}


class Redaction:
    """The placeholders of one run. `evidence` is that of all its cells: names are found in it, too."""

    def __init__(self, run: RunFile, timings: Mapping[str, Any], evidence: Iterable[Evidence] = ()) -> None:
        self._placeholders: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._programs: dict[str, str] = {}
        for name, server in run.servers.items():
            if server.kind == _EXTERNAL:
                self._name(name, "target")
            elif (program := server.toggles.get(PROGRAM, SYSTEM)) != SYSTEM:
                self._programs[program] = self._name(program, "path")
        for listed, told in _mapping(timings.get("servers")).items():
            if listed in run.servers and run.servers[listed].kind == _EXTERNAL:
                self._host(str(_mapping(told).get("address", "")))
        for target in run.run.asked.targets if run.run.asked else ():
            self._host(target.address)
            self._name(target.server_name or "", "host")
        for cell in run.cells:
            if cell.certificate is not None:
                self._certificate(cell.certificate)
        for each in evidence:
            for name in _asked_names(each):
                self._name(name, "host")

    def text(self, text: str, *, is_free: bool = True) -> str:
        """Replace what is known; in free text also what looks like an address or a path."""
        if self._placeholders:
            text = self._known().sub(lambda found: self._placeholders[found[0].lower()], text)
        if is_free:
            text = _SAID.sub(rf'\g<1>"{GONE}"', text)
            text = _NUMBERED.sub(lambda found: self._address(found[0]), text)
            text = _PATH.sub(lambda found: self._name(found[0], "path"), text)
        return text

    def run(self, run: RunFile) -> RunFile:
        """The run without who was asked."""
        content = self._plain(run.model_dump(mode="json", by_alias=True))
        for cell, before in zip(content["cells"], run.cells, strict=True):
            cell["server"] = self.server(before.server)
            cell["id"] = self.cell_id(before.server, before.client, before.scenario)
        content["servers"] = {self.server(name): value for name, value in content["servers"].items()}
        for server in content["servers"].values():
            if (program := server["toggles"].get(PROGRAM)) in self._programs:
                server["toggles"][PROGRAM] = self._programs[program]
        content["clients"] = run.model_dump(mode="json", by_alias=True)["clients"]
        return RunFile.model_validate(content)

    def timings(self, timings: Mapping[str, Any]) -> dict[str, Any]:
        """The timings without addresses, fingerprints, the run's name and that of the machine."""
        content: dict[str, Any] = self._plain(dict(timings), is_free=True)
        content["run"] = GONE
        content.pop("host", None)
        listed = _mapping(timings.get("servers"))
        content["servers"] = {self.server(name): {"address": GONE} for name in listed}
        return content

    def server(self, name: str) -> str:
        """The name of a server or target, as it stands in the copy."""
        for program in sorted(self._programs, key=len, reverse=True):
            name = name.replace(f",{PROGRAM}={program}", f",{PROGRAM}={self._programs[program]}")
        return self._placeholders.get(name.lower(), name)

    def cell_id(self, server: str, client: str, scenario: str) -> str:
        """The id of a cell, as it stands in the copy."""
        return Cell(self.server(server), client, scenario).id

    def evidence(self, evidence: Evidence, cell_id: str) -> Evidence:
        """The evidence of a cell, which has this id in the copy."""
        status = re.match(r"HTTP/\d\.\d \d{3}", evidence.response)
        return replace(
            evidence,
            cell=cell_id,
            certificate_sha256=None,
            fingerprints=[],
            response=status[0] if status else GONE if evidence.response else "",
            words=GONE if evidence.words else "",
            attempts=[self._connection(each) for each in evidence.attempts],
            later=None if evidence.later is None else self._connection(evidence.later),
            probes=[replace(each, connection=self._connection(each.connection)) for each in evidence.probes],
            conclusion=evidence.conclusion
            and replace(
                evidence.conclusion,
                reason_detail=self._plain(evidence.conclusion.reason_detail, is_free=True),
            ),
        )

    def _connection(self, seen: ConnectionSeen) -> ConnectionSeen:
        view = seen.server_view
        if view is not None:
            view = replace(view, reason=view.reason and self.text(view.reason), log=None)
        return replace(
            seen,
            reason_detail=self._plain(seen.reason_detail, is_free=True),
            transcript=[self._entry(entry) for entry in seen.transcript],
            key_log=[],
            server_view=view,
            ends=None,
        )

    def _entry(self, entry: Entry) -> Entry:
        if entry.kind == "message" and entry.name in _SAYS_NOTHING:
            return replace(entry, wire=self._bytes(entry.wire), decrypted=self._bytes(entry.decrypted))
        is_kept = entry.kind == "sslv2-record" or entry.name in _RECORDS_THAT_SAY_NOTHING
        if is_kept and entry.kind != "clear":
            return entry
        name = GONE if entry.kind == "clear" else entry.name
        return replace(entry, name=name, wire=b"", decrypted=b"")

    def _bytes(self, content: bytes) -> bytes:
        for known, placeholder in self._placeholders.items():
            filler = placeholder.encode().ljust(len(known), b"x")[: len(known)]
            content = re.sub(re.escape(known.encode()), filler, content, flags=re.IGNORECASE)
        return content

    def _plain(self, value: Any, *, key: str = "", is_free: bool = False) -> Any:
        if key in _OUR_WORDS:
            return value
        is_free = is_free or key in _FREE_TEXT
        match value:
            case str():
                return GONE if key in ("said", "client_said") else self.text(value, is_free=is_free)
            case list():
                return [self._plain(each, is_free=is_free) for each in value]
            case dict():
                return {
                    self.text(name, is_free=False): self._plain(each, key=name, is_free=is_free)
                    for name, each in value.items()
                }
            case _:
                return value

    def _known(self) -> re.Pattern[str]:
        longest_first = sorted(self._placeholders, key=len, reverse=True)
        one = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<![\w-])(?:{one})(?![\w-])", re.IGNORECASE)

    def _name(self, name: str, kind: str) -> str:
        if not name:
            return name
        if name.lower() not in self._placeholders:
            self._counts[kind] += 1
            self._placeholders[name.lower()] = f"{kind}-{self._counts[kind]}"
        return self._placeholders[name.lower()]

    def _host(self, address: str) -> None:
        host = address.rpartition(":")[0] or address
        self._name(host.strip("[]"), "host")

    def _address(self, text: str) -> str:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return text
        return self._name(text, "address")

    def _certificate(self, certificate: CertificateRecord) -> None:
        for name in certificate.names:
            self._name(name.removeprefix("*.").rpartition(":")[2], "host")
        for whole in (certificate.subject, certificate.issuer):
            for word in re.split(r"[,+/]", whole):
                value = word.rpartition("=")[2].strip()
                if len(value) >= _SHORTEST_NAME:
                    self._name(value.removeprefix("*."), "name")


def _asked_names(evidence: Evidence) -> Iterable[str]:
    """The names that the hellos of a cell asked for."""
    for connection in evidence.connections:
        for entry in connection.transcript:
            if (entry.kind, entry.name) != ("message", "ClientHello"):
                continue
            try:
                extensions = pull_client_hello(entry.decrypted[_HEADER:]).extensions
                body = find_extension(extensions, ExtensionType.SERVER_NAME)
                names = pull_server_name(body) if body else ()
            except PeerFault:
                continue  # in SSLv2 format, without a name
            yield from (name.decode("latin-1") for _, name in names)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
