"""What a test of BoringSSL's runner asks of a shim: command line flags, read into a value.

The flags are those of the runner's own shim (its PORTING.md names the file). A flag of a feature that this
engine does not have is not listed here, and a test that sets one is left out: it ends in `Unimplemented`.
`-on-initial-X` is for the first connection of a test, `-on-resume-X` for those after it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

_PREFIXES = ("-on-initial-", "-on-resume-", "-on-retry-", "-on-shim-", "-on-handshaker-")

# They change how the runner's own shim calls its library, or ask for what every connection here does anyway.
_WITHOUT_MEANING = frozenset(
    {
        "async",
        "implicit-handshake",
        "no-op-extra-handshake",
        "partial-write",
        "peek-then-read",
        "use-early-callback",
        "use-old-client-cert-callback",
        "expect-verify-result",
        "install-ddos-callback",
        "use-ticket-callback",
        "use-ticket-aead-callback",
        "handshake-never-done",
        "allow-hint-mismatch",
        "retain-only-sha256-client-cert",
        "use-exporter-between-reads",
        "defer-alps",
        "no-server-name-ack",  # none is sent anyway
        "use-ocsp-callback",
        "set-ocsp-in-callback",
    }
)
_IGNORED_VALUES = frozenset(
    {
        "write-settings",
        "trust-cert",
        "read-size",
        "expect-cipher-aes",
        "expect-cipher-no-aes",
        "srtp-profiles",  # for DTLS alone: over TLS there are none, and a peer's are passed over
    }
)


class Unimplemented(Exception):
    """The test needs a feature that the engine does not have; the message names the flag."""


@dataclass(slots=True)
class Flags:
    """One connection's flags, `-a-flag` being `a_flag`; numbers are code points, lists are in order."""

    port: int = 0
    shim_id: int = 0
    ipv6: bool = False
    server: bool = False
    resume_count: int = 0
    resumption_delay: int = 0

    no_tls1: bool = False
    no_tls11: bool = False
    no_tls12: bool = False
    no_tls13: bool = False
    min_version: int = 0
    max_version: int = 0
    cipher: str = ""
    curves: list[int] = field(default_factory=list)
    key_shares: list[int] = field(default_factory=list)
    verify_prefs: list[int] = field(default_factory=list)
    fips_202205: bool = False
    wpa_202304: bool = False
    cnsa1_202603: bool = False
    cnsa2_202603: bool = False
    fallback_scsv: bool = False
    server_preference: bool = False
    no_ticket: bool = False
    no_legacy_server_connect: bool = False
    host_name: str = ""
    advertise_alpn: str = ""
    allow_unknown_alpn_protos: bool = False
    select_alpn: str = ""
    decline_alpn: bool = False
    reject_alpn: bool = False
    application_settings: str = ""
    alps_use_new_codepoint: int = 0
    enable_ech_grease: bool = False
    enable_ocsp_stapling: bool = False
    ocsp_response: bytes = b""
    decline_ocsp_callback: bool = False
    enable_signed_cert_timestamps: bool = False

    cert_file: str = ""
    key_file: str = ""
    signing_prefs: list[int] = field(default_factory=list)
    require_any_client_certificate: bool = False
    verify_peer: bool = False
    verify_fail: bool = False
    reverify_on_resume: bool = False
    use_custom_verify_callback: bool = False

    renegotiate_once: bool = False
    renegotiate_freely: bool = False
    renegotiate_explicit: bool = False
    renegotiate_ignore: bool = False

    shim_writes_first: bool = False
    shim_initial_write: str = "hello"
    shim_shuts_down: bool = False
    check_close_notify: bool = False
    send_alert: bool = False
    tls_unique: bool = False
    export_keying_material: int = 0
    export_label: str = ""
    export_context: str = ""
    use_export_context: bool = False
    write_different_record_sizes: bool = False
    cbc_record_splitting: bool = False
    max_send_fragment: int = 0

    expect_version: int = 0
    expect_cipher: int = 0
    expect_curve_id: int = 0
    expect_peer_signature_algorithm: int = 0
    expect_alpn: str = ""
    expect_advertised_alpn: str = ""
    expect_peer_application_settings: str | None = None
    expect_signed_cert_timestamps: bytes = b""
    expect_peer_verify_pref: list[int] = field(default_factory=list)
    expect_session_id: bool = False
    expect_no_session_id: bool = False
    expect_no_session: bool = False
    expect_ticket_renewal: bool = False
    expect_early_data_reason: str = ""
    expect_server_name: str = ""
    expect_ocsp_response: bytes = b""
    expect_certificate_types: bytes = b""
    expect_peer_cert_file: str = ""
    expect_no_peer_cert: bool = False
    expect_session_miss: bool = False
    expect_extended_master_secret: bool = False
    expect_secure_renegotiation: bool = False
    expect_no_secure_renegotiation: bool = False
    expect_total_renegotiations: int = 0
    expect_msg_callback: str = ""
    expect_hrr: bool = False
    expect_no_hrr: bool = False

    def read(self, name: str, value: str) -> None:
        """Set the flag of this name; `value` is its argument, if it takes one."""
        known = getattr(self, name)
        if isinstance(known, bool):
            setattr(self, name, True)
        elif isinstance(known, int):
            setattr(self, name, int(value))
        elif isinstance(known, list):
            known.append(int(value))
        elif isinstance(known, bytes):
            setattr(self, name, base64.b64decode(value))
        else:
            setattr(self, name, value)


def read_flags(arguments: Sequence[str]) -> tuple[Flags, Flags]:
    """Read a command line: the flags of the first connection, and of those after it.

    Raises Unimplemented for a flag that is not known.
    """
    initial, resumed = Flags(), Flags()
    rest = list(arguments)
    while rest:
        flag = rest.pop(0)
        prefix = next((each for each in _PREFIXES if flag.startswith(each)), "-")
        name = flag.removeprefix(prefix)
        if name in _IGNORED_VALUES:
            rest.pop(0)
            continue
        if name in _WITHOUT_MEANING:
            continue
        field_name = name.replace("-", "_")
        if field_name not in Flags.__dataclass_fields__ or prefix == "-on-retry-":
            raise Unimplemented(flag)
        value = "" if isinstance(getattr(initial, field_name), bool) else rest.pop(0)
        if prefix == "-on-handshaker-":
            continue
        for target in (initial, resumed):
            if prefix in ("-", "-on-shim-") or (prefix == "-on-initial-") == (target is initial):
                target.read(field_name, value)
    return initial, resumed
