"""The TOML format of what is more than one fixed hello: what is drawn, later hellos, an attempt less some
extensions; and the sets that a profile belongs to.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace

from clients.profile import ProfileError, load_profile
from definitions.former import Notes
from handshake.hello_template import (
    ExtensionOrder,
    ExtensionTemplate,
    GreaseValues,
    RenegotiationHello,
    RetryHello,
)
from tests.clients.test_profile_format import GOOD, write

LESS = (
    GOOD[: GOOD.index('[[attempt]]\nevidence = "mine/2"')]
    + """
[[attempt]]
evidence = "mine/2"
after = ["fin"]
without = ["supported_groups"]

[[attempt]]
evidence = "mine/3"
after = ["reset"]
without = ["0x7777"]
"""
)


def test_an_attempt_may_be_the_one_before_it_less_some_extensions(tmp_path: Path) -> None:
    first, second, third = load_profile(write(tmp_path, LESS)).attempts
    kept = [[extension.type for extension in each.extensions or ()] for each in (first, second, third)]
    assert kept == [[0, 10, 0x7777], [0, 0x7777], [0]]
    for less in (second, third):
        assert replace(less.template, extensions=first.template.extensions) == first.template
    assert [attempt.after for attempt in (first, second, third)] == [(), ("fin",), ("reset",)]
    assert [attempt.evidence for attempt in (first, second, third)] == ["mine/1", "mine/2", "mine/3"]


def test_what_the_attempt_before_has_not_cannot_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, LESS.replace('without = ["0x7777"]', 'without = ["supported_groups"]'))
    with pytest.raises(
        ProfileError, match=r"attempt\[2\]\.without.*the attempt before has no supported_groups"
    ):
        load_profile(path)


def test_what_is_drawn_and_what_later_hellos_leave_out(tmp_path: Path) -> None:
    drawn = 'session_id_length = 32\ngrease = "drawn"\norder = "permuted"\nunmoved = ["0x7777"]'
    tables = """[retry_hello]
without = ["padding"]
change_cipher_spec = "later"

[renegotiation_hello]
without = ["server_name"]
without_cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]
changed = [{ type = "key_share", body = "0000" }]
session_id = "empty"
verify_data = "always"

[[attempt]]
evidence = "mine/1\""""
    text = GOOD.replace("session_id_length = 32", drawn).replace('[[attempt]]\nevidence = "mine/1"', tables)
    profile = load_profile(write(tmp_path, text))
    template = profile.attempts[0].template
    assert (template.grease, template.order) == (GreaseValues.DRAWN, ExtensionOrder.PERMUTED)
    assert template.unmoved == {0x7777}
    assert profile.client_policy.retry_hello == RetryHello(frozenset({21}), "later")
    assert profile.client_policy.renegotiation_hello == RenegotiationHello(
        frozenset({0}), frozenset({0x002F}), (ExtensionTemplate(51, b"\x00\x00"),), "empty", "always"
    )


@pytest.mark.parametrize(
    ("said", "is_default", "note"),
    [
        ("", True, None),
        ('sets = ["core", "java"]\n', True, None),
        ('sets = ["java"]\n', False, None),
        ("sets = []\n", False, None),
        ("default = true\n", True, "default (line 6): has no effect any more: drop it"),
        (
            "default = false\n",
            False,
            "default (line 6): is the old form, which is still read: write sets = []",
        ),
    ],
)
def test_sets_and_what_was_written_before_them(
    tmp_path: Path, said: str, is_default: bool, note: str | None
) -> None:
    notes = Notes()
    path = write(tmp_path, GOOD.replace('released = "2012-02"\n', f'released = "2012-02"\n{said}'))
    assert load_profile(path, notes).is_default is is_default
    assert list(notes) == ([] if note is None else [f"{path}: {note}"])
