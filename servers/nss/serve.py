"""NSS's `selfserv`, as many of them as there are connections at once.

selfserv listens on every address, so it is kept in a network namespace; and it reads any file, so it is kept
in a root folder that has none of interest (`servers.nss.database`).
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import contract
from servers.nss.database import (
    SYSTEM_FOLDERS,
    Database,
    DatabaseError,
    bring_inside,
    make_database,
    root_folder,
)
from servers.nss.view import SelfservView
from servers.system.backend import BackendProgram
from servers.system.command import chosen_program, ended_with_us, find_program, not_installed
from servers.system.namespaces import Namespaces, run
from servers.system.pool import serve_with_backends

PACKAGE = "libnss3-tools"
PROGRAM = "selfserv"
TOOLS = ("certutil", "pk12util", "chroot")
LIBRARY = "libnss3.so"
CREDENTIAL_OPTIONS = {"rsa": "-n", "ecdsa": "-e", "dsa": "-S"}
CLIENT_CERTIFICATE: dict[str, list[str]] = {"no": [], "request": ["-r"], "require": ["-r", "-r"]}
# lib/ssl/sslsock.c, ssl_SetDefaultsFromEnvironment: never, requires the extension, unrestricted
RENEGOTIATION = {"off": "N", "secure": "R", "legacy": "U"}
# A session lives in one process, and a client's next connection may come to another: better never than
# now and then.
NO_SESSIONS = ["-N"]
LISTENING = re.compile(rb"^selfserv: About to call accept")


def options(configuration: contract.Configuration) -> list[str]:
    """selfserv's options for the toggles."""
    chosen = [*CLIENT_CERTIFICATE[configuration.declared.client_certificate], *NO_SESSIONS]
    if configuration.toggles["configuration"] == "legacy":
        suites = "".join(f":{code:04X}" for code in configuration.declared.cipher_suites)
        # -H 1: DHE; -W 1: with a prime of 1024 bits too.
        chosen += ["-V", "ssl3:tls1.2", "-H", "1", "-c", suites]
    return chosen


def of_database(database: Database, folder: Path) -> list[str]:
    """selfserv's options for a database that it finds in `folder`."""
    named = ((CREDENTIAL_OPTIONS[kind], uri) for kind, uri in database.uris.items())
    return ["-d", f"sql:{folder / database.path.name}", *(part for pair in named for part in pair)]


def own_libraries(program: Path) -> Path | None:
    """The folder of the libraries of a build of NSS's (`dist/*/lib` beside `dist/*/bin`); None for those of
    the system.
    """
    folder = program.parent.parent / "lib"
    is_own = (folder / LIBRARY).exists() and not any(folder.is_relative_to(each) for each in SYSTEM_FOLDERS)
    return folder if is_own else None


def stack(library: str = LIBRARY) -> str:
    """What NSS is: `NSS 3.87 (selfserv)`. No program of its tells, so the library is asked."""
    try:
        version = ctypes.CDLL(library).NSS_GetVersion
    except (OSError, AttributeError):  # also where a build's library does not go with what is loaded already
        return "NSS of an unknown version (selfserv)"
    version.restype = ctypes.c_char_p
    return f"NSS {version().decode()} (selfserv)"


@contextmanager
def start(configuration: contract.Configuration, namespaces: Namespaces) -> Iterator[contract.Event]:
    """Make a database, listen outside, and have selfserv listen inside."""
    programs = {PROGRAM: chosen_program(configuration, PROGRAM)}
    programs |= {name: find_program(name) for name in TOOLS}
    for name, path in programs.items():
        if path is None:
            yield not_installed(configuration.id, name, PACKAGE)
            return
    found = {name: path for name, path in programs.items() if path is not None}
    selfserv, root = Path(found[PROGRAM]), root_folder(namespaces)
    libraries = own_libraries(selfserv)
    environment = {} if libraries is None else {"LD_LIBRARY_PATH": str(libraries)}
    library = LIBRARY if libraries is None else str(libraries / LIBRARY)
    if namespaces.is_alone:
        for part in filter(None, (selfserv, libraries)):
            bring_inside(root, part)
    with ExitStack() as closing:
        try:
            making = make_database(root, found, configuration.presented(), configuration.client_certificates)
            database = closing.enter_context(making)
        except DatabaseError as error:
            yield contract.Failed(configuration.id, str(error))
            return
        within = [found["chroot"], str(root)] if namespaces.is_alone else []
        folder = Path("/") if namespaces.is_alone else root
        command = [*within, found[PROGRAM], *options(configuration), *of_database(database, folder)]
        allowed = RENEGOTIATION[configuration.declared.renegotiation.allowed]
        backend_program = BackendProgram(
            PROGRAM,
            lambda port: ended_with_us([*command, "-v", "-p", str(port)]),
            LISTENING,
            SelfservView,
            {"NSS_SSL_ENABLE_RENEGOTIATION": allowed, **environment},
            ports=namespaces.ports,
        )
        outside = namespaces.outside_socket()
        yield closing.enter_context(
            serve_with_backends(configuration, backend_program, stack(library), outside)
        )


if __name__ == "__main__":
    sys.exit(run(start))
