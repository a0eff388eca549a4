"""Lists of names in a profile."""

from pathlib import Path

import pytest

from clients.fields import MOST_MISTAKES
from clients.profile import ProfileError, load_profile
from tests.clients.test_profile_format import GOOD, write


def test_of_names_that_nobody_knows_some_are_told(tmp_path: Path) -> None:
    """What is near to each is searched for, and a file may have thousands."""
    names = ", ".join(f'"TLS_NOT_KNOWN_{number}"' for number in range(MOST_MISTAKES + 5))
    known = '"TLS_RSA_WITH_AES_128_CBC_SHA", "0x1a1a", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"'
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, GOOD.replace(known, names, 1)))
    assert len(caught.value.lines) == MOST_MISTAKES
    assert caught.value.lines[-1].endswith("; names behind it were not looked at")
    assert "not looked at" not in caught.value.lines[-2]
