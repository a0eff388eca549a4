"""The settings of clients: what they change, whom they fit, and what is wrong with a file of them."""

from pathlib import Path

import pytest

from clients.profile import load_profiles
from clients.setting import BUNDLED_SETTINGS, SettingError, bundled_settings, load_settings, settings_of
from handshake.features import differences, flight_of

PROFILES = load_profiles()
SETTINGS = bundled_settings()
GOOD = """
title = "Mine"
[[setting]]
id = "mine"
clients = ["java-7"]
kind = "property"
how = "-Dmine=true"
without = ["extension:server_name"]
source = "its manual"
confidence = "low"
"""


@pytest.mark.parametrize("name", SETTINGS)
def test_each_fits_a_client_and_changes_its_hello(name: str) -> None:
    setting = SETTINGS[name]
    fitting = [client for client in PROFILES if setting.fits(client)]
    changed = [client for client in fitting if setting.told(PROFILES[client].player) is not None]
    if name != "go-no-session_ticket":  # Go's first hello has none anyway: the extension waits for a session
        assert changed, fitting


@pytest.mark.parametrize("name", SETTINGS)
def test_the_hello_then_lacks_and_has_what_the_setting_says(name: str) -> None:
    setting = SETTINGS[name]
    for client in (client for client in PROFILES if setting.fits(client)):
        told = setting.told(PROFILES[client].player)
        if told is None:
            continue
        flight = flight_of(told.templates[0])
        assert not [feature.name for feature in setting.without if feature.present(flight)], client
        assert all(feature.present(flight) for feature in setting.adding), client


def test_a_client_that_is_told_another_version_accepts_it() -> None:
    player = PROFILES["wfetch-ws2008"].player
    told = SETTINGS["schannel-sslv3"].told(player)
    assert told is not None
    assert player.limits.versions
    assert told.limits.versions == ()


def test_a_hello_that_becomes_the_one_before_it_is_not_sent_twice() -> None:
    player = PROFILES["ie8-win7"].player
    told = SETTINGS["schannel-sslv3"].told(player)
    assert told is not None
    assert (len(player.hellos), len(told.hellos)) == (2, 1)


# A client, a setting, and the client and attempt whose recorded hello is that of the first told so.
RECORDED = [
    ("ie7-vista", "schannel-sslv3", "ie7-vista", 2),
    ("ie8-win7", "schannel-sslv3", "ie8-win7", 2),
    ("firefox-9", "firefox-sslv3", "firefox-9-sslv3", 1),
    ("firefox-9", "firefox-no-session_ticket", "firefox-9-no-tickets", 1),
    ("openssl-0.9.8-tls1-stock", "openssl-no-session_ticket", "openssl-0.9.8-tls1-no-ticket", 1),
    ("openssl-0.9.8-tls1-stock", "openssl-server_name", "openssl-0.9.8-tls1-servername", 1),
    ("openssl-0.9.8", "openssl-sslv3", "openssl-0.9.8-ssl3", 1),
    ("openssl-1.0.0f-tls1", "openssl-no-session_ticket", "openssl-1.0.0f-tls1-no-ticket", 1),
    ("openssl-1.0.0f-tls1", "openssl-1.0-server_name", "openssl-1.0.0f-tls1-servername", 1),
    ("openssl-1.0.0f-tls1", "openssl-sslv3", "openssl-1.0.0f-ssl3", 1),
    ("openssl-1.0.1c-tls1", "openssl-no-session_ticket", "openssl-1.0.1c-tls1-no-ticket", 1),
    ("openssl-3.0-debian", "openssl-no-server_name", "openssl-3.0-debian-noservername", 1),
    ("openssl-3.0-debian", "openssl-tlsv1.2-at-most", "openssl-3.0-debian-tls1.2", 1),
    ("java-6u22-unlimited", "jsse-no-sslv2-format", "java-6u22-no-sslv2hello", 1),
    ("java-6u22-unlimited", "jsse-sslv3", "java-6u22-ssl3", 1),
    ("java-6u22", "jsse-one-suite", "java-6u22-aes128", 1),
    ("java-7u25-unlimited-ec", "jsse-sslv3", "java-7u25-ssl3", 1),
    ("java-7u25-unlimited-ec", "jsse-tlsv1.2", "java-7u25-all-versions", 1),
    ("java-17", "jsse-tlsv1.2-at-most", "java-17-tls1.2", 1),
    ("java-25", "jsse-tlsv1.2-at-most", "java-25-tls1.2", 1),
]


@pytest.mark.parametrize(("client", "setting", "recorded", "attempt"), RECORDED)
def test_the_hello_is_the_recorded_one(client: str, setting: str, recorded: str, attempt: int) -> None:
    assert SETTINGS[setting].fits(client)
    changed = SETTINGS[setting].changed(PROFILES[client].attempts[0].template)
    assert changed is not None
    theirs = PROFILES[recorded].attempts[attempt - 1].template
    assert [feature.name for feature in differences(changed, theirs)] == []


def test_it_fits_by_the_id() -> None:
    assert {setting.id for setting in settings_of("java-17", SETTINGS)} >= {"jsse-no-server_name"}
    assert "jsse-no-server_name" not in {setting.id for setting in settings_of("java-6", SETTINGS)}
    assert settings_of("nobody", SETTINGS) == []


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    (setting,) = load_settings([tmp_path]).values()
    assert setting.told(PROFILES["java-7"].player) is not None
    assert setting.told(PROFILES["biztalk-ws2008"].player) is not None  # whom it fits is another question
    assert setting.fits("java-7")
    assert not setting.fits("biztalk-ws2008")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'without = ["extension:server_name"]\n',
            "",
            "setting[0].without (line 3): is missing: name a feature",
        ),
        ("extension:server_name", "extension:nonsense", "unknown extension"),
        ("extension:server_name", "extensoin:x", "did you mean"),
        ('"property"', '"magic"', "is 'magic': write one of property, option"),
        ('"low"', '"sure"', "unknown value 'sure': write high, medium or low"),
        ('source = "its manual"\n', "", "setting[0].source (line 3): is missing: add it"),
        ('"mine"', '"Mine!"', "setting[0].id (line 4)"),
        ("clients = ", "client = ", "no such key: did you mean clients?"),
        ('["extension:server_name"]', "[1]", "is 1: write the name of a feature in quotes"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    (tmp_path / "mine.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SettingError) as refusal:
        load_settings([tmp_path])
    assert said in str(refusal.value)


def test_an_id_is_given_once(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(SettingError, match="the id 'mine' is taken"):
        load_settings([tmp_path])


def test_a_folder_of_the_users_own_adds_some(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "mine.toml").write_text(GOOD)
    found = load_settings((BUNDLED_SETTINGS, tmp_path / "settings", tmp_path / "none"))
    assert set(found) == {*SETTINGS, "mine"}
