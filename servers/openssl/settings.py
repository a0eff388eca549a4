"""What the toggles of server.toml mean to OpenSSL: options by their numbers, and a list of cipher suites.

Certificates and a Diffie-Hellman group are what every administrator gives a server; everything else that
`configuration=default` does not name is left as the library has it.
"""

from collections.abc import Mapping

# include/openssl/ssl.h. The second is there since 0.9.8m, the third since 1.1.0h, the first since 3.0;
# pyOpenSSL and node have names for only some of them.
SSL_OP_ALLOW_CLIENT_RENEGOTIATION = 1 << 8
SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION = 1 << 18
SSL_OP_NO_RENEGOTIATION = 1 << 30

# (toggle, value) -> an option; a value that is not here is what OpenSSL does without being told.
OPTIONS = {
    ("renegotiation", "off"): SSL_OP_NO_RENEGOTIATION,
    ("renegotiation", "legacy"): SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION,
    ("client-initiated", "yes"): SSL_OP_ALLOW_CLIENT_RENEGOTIATION,
}

# All that authenticates a server by a certificate; COMPLEMENTOFALL is what even ALL leaves out, NULL
# encryption (ciphers(1)).
EVERY_CIPHER_SUITE = "ALL:COMPLEMENTOFALL:!aNULL:!PSK:!SRP"
# Since 1.1.0; at level 1 and above suites, versions, keys and signatures are refused for being weak
# (SSL_CTX_set_security_level(3)).
SECURITY_LEVEL_0 = ":@SECLEVEL=0"


def options(toggles: Mapping[str, str]) -> int:
    """The options to set, as one number."""
    number = 0
    for setting in toggles.items():
        number |= OPTIONS.get(setting, 0)
    return number


def cipher_list(toggles: Mapping[str, str], *, has_security_levels: bool) -> str | None:
    """The list of cipher suites to set, None for the library's own."""
    if toggles["configuration"] == "default":
        return None
    return EVERY_CIPHER_SUITE + (SECURITY_LEVEL_0 if has_security_levels else "")
