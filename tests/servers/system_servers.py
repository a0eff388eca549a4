"""What tests of the servers from Debian packages share: their variants, started once."""

from servers.definition import load_definitions
from servers.variant import expand

DEFINITIONS = load_definitions()
SERVERS = ("apache", "erlang", "gnutls", "haproxy", "nginx", "nss", "stunnel")
PLAIN = tuple(f"{server}@system" for server in SERVERS)
VARIANTS = [
    variant for server in SERVERS for variant in expand(DEFINITIONS[server]) if not variant.is_only_observed
]
# gnutls-serv and selfserv listen on every address, and are kept in namespaces.
KEPT_INSIDE = ("gnutls@system", "nss@system")
