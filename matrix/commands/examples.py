"""What stands below the options in `--help`: what people do with a command most, each with its words."""

from collections.abc import Mapping

Examples = tuple[tuple[str, str], ...]
"""Arguments as they are typed behind the command's name, and what they do."""

EXAMPLES: Mapping[str, Examples] = {
    "run": (
        ("", "the default grid"),
        ("--target mine=192.0.2.10:8443", "the default clients at your server"),
        ("--server 'openssl@*' --client set:today --scenario '*'", "one server at all levels"),
        ("--target mine=192.0.2.10:8443 --baseline reports/before", "after a patch"),
    ),
    "list": (
        ("servers", "every id that --server takes"),
        ("clients --json", "all clients, with JA3 and JA4"),
        ("clients 'java-*' set:windows", "some of them"),
        ("sets", "what --client set:NAME chooses"),
    ),
    "compare": (
        ("reports/before reports/after", "what a patch has changed"),
        ("reports/before reports/after --format markdown", "the same for a change ticket"),
        ("reports/latest --server 'jsse@11' --with 'jsse@17'", "two servers of one run"),
    ),
    "connect": (
        ("biztalk-ws2008 192.0.2.10:8443", "every record and message"),
        ("openssl-3.0 192.0.2.10:25,starttls=smtp", "behind STARTTLS"),
    ),
    "explain": (
        (
            "webmethods-8.0.1@core-fix-19/biztalk-ws2008/connect",
            "a cell; its server is started",
        ),
        ("--client java-7 --target 192.0.2.10:8443 --yes", "a client that fails at your server"),
    ),
    "diagnose": (("examples/incident-2012.toml", "what people saw, and no server at hand"),),
    "remedies": (
        ("webmethods-8.0.1@core-fix-19 --client biztalk-ws2008", "what helps a client, and whom it harms"),
    ),
    "history show": (
        ("", "the last runs"),
        ("'mine/*'", "cells over time"),
    ),
    "history import": (("reports/before", "add a run that was kept"),),
    "history prune": (("--keep 365", "remove older runs"),),
    "twin": (("192.0.2.10:8443 --id mine --yes", "write an emulated server that answers as yours does"),),
    "serve": (
        ("webmethods-8.0.1@core-fix-19 --port 8443", "the server of the incident"),
        ("jsse6@6u45 --key-out server.key", "with its key for Wireshark"),
    ),
    "report": (
        ("reports/latest -v", "the whole grid of a run"),
        ("reports/latest --redact --out shareable", "a copy without names and secrets"),
    ),
    "hello show": (
        ("chromium-156", "the hello of a client"),
        ("capture.pcapng#2 --json", "the second one of a capture"),
    ),
    "hello diff": (("java-7 openssl-1.0.1", "what differs"),),
    "hello import": (
        ("capture.pcapng", "every ClientHello, and who may have sent it"),
        ("capture.pcapng --stream 3 --id ours --out clients", "write a profile of one"),
    ),
    "hello listen": (("--port 8443", "say who calls"),),
    "keys convert": (
        ("server.p12 server.pem", "for Wireshark and old programs"),
        ("server.pem server.p12 --to pkcs12", "for Java and Windows"),
    ),
    "stacks list": (("", "what can be fetched, and what is here"),),
    "stacks fetch": (("'openssl-*'", "the stacks of one server"),),
    "stacks export": (("stacks.tar 'openssl-*'", "one file, where there is internet"),),
    "stacks import": (("stacks.tar", "its stacks, where there is none"),),
    "images build": (
        ("", "all images for run --backend docker"),
        ("tool", "the image of this program"),
    ),
    "images sbom": (
        ("", "what this program consists of, as CycloneDX"),
        ("openssl@1.0.1u", "what an image that is built consists of"),
    ),
}


def epilog(command: str) -> str | None:
    """The text below the options of a command, each example a paragraph, with what it does as a shell's
    comment; None where there are no examples.
    """
    examples = EXAMPLES.get(command)
    if examples is None:
        return None
    return "\n\n".join(
        f"{f'tls-matrix {command} {arguments}'.rstrip()}  # {what}" for arguments, what in examples
    )
