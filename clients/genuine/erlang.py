"""Erlang's ssl application, as Debian has it. It tells its secrets once connected, its alerts in words."""

from collections.abc import Iterator

from clients.genuine.driver import Driven
from clients.genuine.found import version_of
from clients.genuine.program import Missing, Program
from clients.genuine.stack_of import driver

_TITLE = "Erlang ssl"
_VERSION = 'application:load(ssl), {ok, V} = application:get_key(ssl, vsn), io:format("ssl ~s", [V]), halt().'


def programs() -> Iterator[Program]:
    """The one of the system."""
    version = version_of("erl", "-noshell", "-eval", _VERSION, pattern=r"ssl (\d\S*)")
    if version is None:
        advice = "there is no erl program with ssl; get it with: apt-get install erlang-ssl"
        yield Missing("genuine-erlang", _TITLE, advice)
        return
    command = ("escript", driver("erlang_client.escript"))
    yield Driven(f"genuine-erlang-{version}", f"{_TITLE} {version}", command)
