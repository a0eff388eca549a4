from pathlib import Path

import pytest

from handshake.wire.cipher_suites import parse_cipher_suite
from servers.definition import ServerDefinition, load_definition
from servers.variant import ServerIdError, default_variants, expand, parse_server_id

LAYERED = """
id = "layered"
title = "Layered"
kind = "emulated"
default = true
control = "openssl-3.0"
source = "made up for a test"

[declared]
versions = ["TLSv1.0", "SSLv3"]
sslv2_hello = true
dh_prime_bits = 768
cipher_suites = ["RC4-MD5", "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                 "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "0x0009"]

[emulation.alerts]
decode = "unexpected_message"
version = "handshake_failure"

[levels.old]
title = "Layered, old"
stack = "none"
released = 2010-03-30

[levels.middle]
like = "old"
title = "Layered, in between"
stack = "none"
declared = {dh_prime_bits = 1024}
emulation = {alerts = {version = "protocol_version"}, order = [1]}

[levels.new]
like = "middle"
title = "Layered, new"
stack = "none"
declared = {versions = ["TLSv1.2"]}
emulation = {order = [2]}

[toggles.policy]
title = "policy files"
values = ["unlimited", "limited"]
default = "unlimited"
when.limited.declared.cipher_suites_without = ["*_AES_256_*"]

[toggles.ec]
title = "elliptic curves"
values = ["no", "yes", "more"]
default = "no"
levels = ["old", "new"]
when.no.declared.cipher_suites_without = ["TLS_ECDH*"]
when.yes.emulation.alerts.curve = "illegal_parameter"
when.more.levels = ["new"]
"""


@pytest.fixture
def layered(tmp_path: Path) -> ServerDefinition:
    (tmp_path / "layered").mkdir()
    path = tmp_path / "layered" / "server.toml"
    path.write_text(LAYERED)
    return load_definition(path)


def suites(*names: str) -> tuple[int, ...]:
    return tuple(parse_cipher_suite(name) for name in names)


def test_expands_to_each_level_and_each_single_toggle(layered: ServerDefinition) -> None:
    assert [variant.id for variant in expand(layered)] == [
        "layered@old",
        "layered@old,policy=limited",
        "layered@old,ec=yes",
        "layered@middle",
        "layered@middle,policy=limited",
        "layered@new",
        "layered@new,policy=limited",
        "layered@new,ec=yes",
        "layered@new,ec=more",
    ]


def test_default_variants_are_those_of_default_definitions(layered: ServerDefinition) -> None:
    aside = layered.model_copy(update={"default": False})
    assert default_variants({"layered": layered, "aside": aside}) == expand(layered)
    new_aside = layered.levels["new"].model_copy(update={"default": False})
    without_new = layered.model_copy(update={"levels": {**layered.levels, "new": new_aside}})
    chosen = default_variants({"layered": without_new})
    assert chosen
    assert {variant.level for variant in chosen} == {variant.level for variant in expand(layered)} - {"new"}


def test_id_leaves_defaults_out_and_sorts_the_rest(layered: ServerDefinition) -> None:
    variant = parse_server_id("layered@old,policy=limited,ec=yes", {"layered": layered})
    assert variant.id == "layered@old,ec=yes,policy=limited"
    assert variant == parse_server_id("layered@old,ec=yes,policy=limited", {"layered": layered})
    assert parse_server_id("layered@old,ec=no", {"layered": layered}).id == "layered@old"
    assert len({variant, parse_server_id("layered@old", {"layered": layered})}) == 2
    assert variant.title == "Layered, old (ec=yes, policy=limited)"


def test_toggles_take_suites_away_together(layered: ServerDefinition) -> None:
    def declared(server_id: str) -> tuple[int, ...]:
        return parse_server_id(server_id, {"layered": layered}).declared().cipher_suites

    rc4, des = "TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_DES_CBC_SHA"
    assert declared("layered@old") == suites(rc4, "TLS_RSA_WITH_AES_256_CBC_SHA", des)
    assert declared("layered@old,policy=limited") == suites(rc4, des)
    assert declared("layered@old,policy=limited,ec=yes") == suites(
        rc4, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", des
    )
    assert len(declared("layered@middle")) == 5, "a toggle that a level lacks changes nothing there"


def test_levels_start_from_those_they_are_like(layered: ServerDefinition) -> None:
    old, middle, new = (
        parse_server_id(f"layered@{level}", {"layered": layered}) for level in ("old", "middle", "new")
    )
    assert old.declared().versions == (0x0300, 0x0301)
    assert old.declared().dh_prime_bits == 768
    assert (new.declared().versions, new.declared().dh_prime_bits) == ((0x0303,), 1024)
    assert new.declared().sslv2_hello
    assert middle.emulation() == {
        "alerts": {"decode": "unexpected_message", "version": "protocol_version"},
        "order": [1],
    }
    assert new.emulation()["order"] == [2]
    assert "curve" not in old.emulation()["alerts"]
    assert "curve" in parse_server_id("layered@old,ec=yes", {"layered": layered}).emulation()["alerts"]
    assert layered.emulation["alerts"] == {"decode": "unexpected_message", "version": "handshake_failure"}
    assert layered.levels["old"].released == "2010-03-30"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layred@old", 'there is no server "layred"; there is layered'),
        ("layered", 'the level is missing after "layered@"; there is old, middle, new'),
        ("layered@6u45", '"layered" has no level "6u45"; there is old, middle, new'),
        ("layered@old,mode=x", '"layered@old" has no toggle "mode"; there is policy, ec'),
        ("layered@middle,ec=yes", '"layered@middle" has no toggle "ec"; there is policy'),
        ("layered@old,ec=more", '"ec" cannot be "more" at layered@old; there is no, yes'),
        ("layered@old,ec", '"ec" cannot be ""'),
        ("layered@old,", 'has no toggle ""'),
    ],
)
def test_says_what_exists_instead(layered: ServerDefinition, text: str, message: str) -> None:
    with pytest.raises(ServerIdError) as raised:
        parse_server_id(text, {"layered": layered})
    assert str(raised.value).startswith(f"{text}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
