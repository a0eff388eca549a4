"""What a server chooses and agrees to, as values."""

from msgspec import Struct

from handshake.crypto.suite_parameters import SuiteParameters


class Choice(Struct, frozen=True):
    """The server's answer. `named_group` is None unless the suite needs one."""

    version: int
    suite: SuiteParameters
    named_group: int | None


class Agreement(Struct, frozen=True):
    """What is agreed on by extensions up to TLS 1.2: RFC 5746, RFC 7627 and RFC 7366."""

    renegotiation_info: bool
    extended_master_secret: bool
    encrypt_then_mac: bool
