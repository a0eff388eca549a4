"""Writes the profile of a captured client into a folder of the user's, if it says what was captured.

The profile is read back from a folder of its own first, and its hellos are compared with the captured ones;
only one that passes gets its place. A file that is there is never replaced.
"""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from clients.capture.captured_hello import CapturedHello
from clients.capture.made_anew import OF_ONE_SESSION, still_flight
from clients.capture.profile_text import NoProfile, Origin, profile_text
from clients.profile import GENUINE, Profile, load_profile
from definitions.fault import UnusableFile
from handshake.features import FirstFlight, differences, flight_of
from handshake.features.flight import NOMINAL_SERVER_NAME
from handshake.hello_template import HelloTemplate
from stacks.temporary_folder import temporary_folder

_IDENTITY = re.compile(r"[a-z0-9][a-z0-9.-]*")


class NotWritten(UnusableFile):
    """A profile that could not be made or written; each line says why, and what to do."""


def check_identity(identity: str, taken: Collection[str]) -> None:
    """Raise NotWritten for an id that no new profile can have."""
    if _IDENTITY.fullmatch(identity) is None or identity.startswith(GENUINE):
        raise NotWritten(
            f"--id {identity}: write small letters, digits, dots and hyphens, a letter or digit first, and "
            f"nothing that begins with {GENUINE}"
        )
    if identity in taken:
        raise NotWritten(f"--id {identity}: there is a client with this id; choose another")


def write_profile(
    folder: Path, identity: str, ladder: Sequence[CapturedHello], origin: Origin
) -> tuple[Path, Profile]:
    """Write `<identity>.toml` into the folder, which is made where it is missing. Raises NotWritten."""
    path = check_new(folder, identity)
    try:
        text = profile_text(identity, ladder, origin)
        profile = _read_back(identity, text, ladder)
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(path, text)
    except NoProfile as error:
        raise NotWritten(f"--id {identity}: {error}") from error
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written ({error.strerror})") from error
    return path, profile


def check_new(folder: Path, identity: str) -> Path:
    """The file of a new profile. Raises NotWritten where one is there."""
    path = folder / f"{identity}.toml"
    if os.path.lexists(path):
        raise NotWritten(f"{path}: is there already; remove it, or choose another id")
    return path


def _write_new(path: Path, text: str) -> None:
    file = path.open("x", encoding="utf-8")
    try:
        with file:
            file.write(text)
    except OSError:
        path.unlink()  # half a profile is of no use
        raise


def _read_back(identity: str, text: str, ladder: Sequence[CapturedHello]) -> Profile:
    """The profile as it will be read, its hellos compared. Raises NoProfile, or ProfileError."""
    with temporary_folder("profile") as folder:
        path = folder / f"{identity}.toml"
        path.write_text(text, encoding="utf-8")
        profile = load_profile(path)
    for hello, attempt in zip(ladder, profile.attempts, strict=True):
        if (wrong := what_differs(attempt.template, hello)) is not None:
            raise NoProfile(f"the hello of stream {hello.stream} cannot be sent as it was captured: {wrong}")
    return profile


def what_differs(template: HelloTemplate, hello: CapturedHello) -> str | None:
    """What a template sends otherwise than the captured hello, but for what is made anew for each connection;
    None where that is nothing.
    """
    assert hello.flight is not None
    sent = flight_of(template, hello.server_name or NOMINAL_SERVER_NAME)
    ours, theirs = still_flight(sent), still_flight(hello.flight)
    is_cut_alike = len(ours.records) == len(theirs.records) and _versions(ours) == _versions(theirs)
    if (ours.hello, ours.sslv2) == (theirs.hello, theirs.sslv2) and is_cut_alike:
        return None
    features = [each for each in differences(sent, hello.flight) if not _is_of_one_session(each.name)]
    return "; ".join(each.describe() for each in features) or "an extension's body"


def _versions(flight: FirstFlight) -> set[int | None]:
    return {record.version for record in flight.records}


def _is_of_one_session(name: str) -> bool:
    return any(code.name.lower() in name for code in OF_ONE_SESSION)
