"""Seven readers of what others have made, by name: both roles of the engine, captures, profiles, runs,
evidence, histories.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tests.hostile.readers.engines import CLIENT_ENGINE, SERVER_ENGINE
from tests.hostile.readers.files import CAPTURE, EVIDENCE, HISTORY, PROFILE, RUN
from tests.hostile.readers.reader import Reader

__all__ = ["READERS", "Reader"]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        reader.name: reader
        for reader in (CLIENT_ENGINE, SERVER_ENGINE, CAPTURE, PROFILE, RUN, EVIDENCE, HISTORY)
    }
)
