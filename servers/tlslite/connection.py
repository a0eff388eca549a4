"""tlslite-ng with everything it has switched on that a server with certificates can use: SSLv3, RC4, 3DES.

NULL suites and the drafts of ChaCha20 stay off, because no client of a matrix would be better for meeting
them. TLS 1.3, tickets and more than one certificate came with 0.8.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import tlslite
from tlslite import handshakesettings
from tlslite.errors import TLSAbruptCloseError, TLSClosedConnectionError, TLSLocalAlert, TLSRemoteAlert
from tlslite.handshakesettings import HandshakeSettings
from tlslite.sessioncache import SessionCache
from tlslite.tlsconnection import TLSConnection
from tlslite.utils.keyfactory import parsePEMKey
from tlslite.x509certchain import X509CertChain

from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import alert_name, version_name
from servers import contract
from servers.http import http_response, wants_keep_alive
from servers.listener import CONNECTION_TIMEOUT_SECONDS, read_request

VERSIONS = [(3, 0), (3, 1), (3, 2), (3, 3)]
CIPHERS = [*handshakesettings.CIPHER_NAMES, "rc4"]
HAS_TLS_1_3 = hasattr(handshakesettings, "VirtualHost")
if HAS_TLS_1_3:
    VERSIONS.append((3, 4))
    CIPHERS[-1:-1] = ["aes256ccm_8", "aes128ccm_8"]


def make_settings() -> Any:
    """Everything on; the rest is tlslite-ng's default."""
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = VERSIONS[0], VERSIONS[-1]
    settings.cipherNames = CIPHERS
    settings.macNames = [*handshakesettings.MAC_NAMES, "md5"]
    if HAS_TLS_1_3:
        settings.versions = VERSIONS[::-1]
        settings.ticketKeys = [bytearray(os.urandom(32))]
    return settings


class Credentials:
    """The credentials as tlslite-ng wants them: one to begin with, the others as a virtual host's."""

    def __init__(self, configuration: contract.Configuration) -> None:
        pairs = [_keypair(pem) for pem in configuration.presented().values()]
        (self.key, self.chain), *self.others = pairs


def _keypair(pem: contract.PrivateKeyAndChain) -> tuple[Any, Any]:
    chain = X509CertChain()
    chain.parsePemList(pem.chain)
    return parsePEMKey(pem.private_key, private=True, implementations=["python"]), chain


def make_handshake(configuration: contract.Configuration, credentials: Credentials) -> Callable[[Any], None]:
    """A server's side of a handshake, with the sessions of all connections."""
    settings = make_settings()
    if credentials.others:
        host = handshakesettings.VirtualHost()
        host.keys = [
            handshakesettings.Keypair(key, tuple(chain.x509List)) for key, chain in credentials.others
        ]
        settings.virtual_hosts = [host]
    sessions = SessionCache()

    def handshake(tls: Any) -> None:
        tls.handshakeServer(
            certChain=credentials.chain,
            privateKey=credentials.key,
            settings=settings,
            sessionCache=sessions,
            reqCert=configuration.declared.client_certificate != "no",
        )

    return handshake


def serve_connection(
    handshake: Callable[[Any], None], server_id: str, connection: socket.socket, peer_port: int
) -> contract.Connection:
    """One connection from its first byte to our close_notify, and what tlslite-ng made of it."""
    seen = contract.Connection(server_id, peer_port)
    # tlslite-ng closes what it is given, so it gets a descriptor of its own.
    with connection.dup() as own:
        own.settimeout(CONNECTION_TIMEOUT_SECONDS)
        tls = TLSConnection(own)
        try:
            handshake(tls)
            version, cipher_suite = tls.version[0] << 8 | tls.version[1], tls.session.cipherSuite
            seen = replace(seen, version=version_name(version), cipher_suite=cipher_suite_name(cipher_suite))
            text, keeps_alive = f"tlslite-ng {tlslite.__version__}: {seen.cipher_suite}", True
            while keeps_alive and (request := read_request(lambda size: bytes(tls.read(max=size, min=1)))):
                keeps_alive = wants_keep_alive(request)
                tls.write(b"".join(http_response(text, keeps_alive=keeps_alive)))
            tls.close()
        except TLSLocalAlert as error:
            return replace(seen, alert_sent=alert_name(error.description), reason=error.message or str(error))
        except TLSRemoteAlert as error:
            return replace(seen, reason=f"the peer sent {alert_name(error.description)}")
        except TimeoutError:
            return replace(seen, reason="timeout")
        except (OSError, TLSAbruptCloseError, TLSClosedConnectionError) as error:
            return replace(seen, reason=f"connection lost: {error or type(error).__name__}")
        except (
            Exception
        ) as error:  # tlslite-ng raises IndexError and worse at some hellos: one connection ends
            return replace(seen, reason=f"{type(error).__name__}: {error}")
    return seen
