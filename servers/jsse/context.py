"""A server's SSLContext and listening socket, made from its configuration; keys stay in memory."""

from base64 import b64decode
from typing import Any

from servers import contract
from servers.jsse.settings import emptied_security_properties
from servers.listener import MAX_CONNECTIONS
from stacks.java import JavaMachine

KEY_ALGORITHMS = {"rsa": "RSA", "dsa": "DSA", "ecdsa": "EC"}
NO_PASSWORD = ""


def listen(machine: JavaMachine, configuration: contract.Configuration) -> Any:
    """An SSLServerSocket set up as the toggles say."""
    security = machine.find("java.security.Security")
    for name in emptied_security_properties(configuration.toggles):
        security.setProperty(name, "")
    context = _context(machine, configuration, _key_store(machine, configuration))
    address = machine.find("java.net.InetAddress").getByName(configuration.host)
    listening = context.getServerSocketFactory().createServerSocket(
        configuration.port, MAX_CONNECTIONS, address
    )
    if configuration.toggles["configuration"] == "legacy":
        listening.setEnabledProtocols(listening.getSupportedProtocols())
        # What is on already keeps its place in the order, which is the server's preference.
        suites = [str(name) for name in listening.getEnabledCipherSuites()]
        suites += [str(name) for name in listening.getSupportedCipherSuites() if str(name) not in suites]
        listening.setEnabledCipherSuites(suites)
    match configuration.toggles["client-certificate"]:
        case "request":
            listening.setWantClientAuth(True)
        case "require":
            listening.setNeedClientAuth(True)
    return listening


def _context(machine: JavaMachine, configuration: contract.Configuration, keys: Any) -> Any:
    key_managers = machine.find("javax.net.ssl.KeyManagerFactory")
    trust_managers = machine.find("javax.net.ssl.TrustManagerFactory")
    context = machine.find("javax.net.ssl.SSLContext")
    if configuration.toggles["provider"] == "bc":
        cryptography = machine.find("org.bouncycastle.jce.provider.BouncyCastleProvider")()
        bouncy_castle = machine.find("org.bouncycastle.jsse.provider.BouncyCastleJsseProvider")(cryptography)
        key_factory = key_managers.getInstance("PKIX", bouncy_castle)
        trust_factory = trust_managers.getInstance("PKIX", bouncy_castle)
        made = context.getInstance("TLS", bouncy_castle)
    else:
        key_factory = key_managers.getInstance(key_managers.getDefaultAlgorithm())
        trust_factory = trust_managers.getInstance(trust_managers.getDefaultAlgorithm())
        made = context.getInstance("TLS")
    key_factory.init(keys, _characters(machine, NO_PASSWORD))
    trusted = machine.array("javax.net.ssl.TrustManager", [])  # trusts nobody
    if configuration.client_certificates:
        trust_factory.init(_trust_store(machine, configuration))
        trusted = trust_factory.getTrustManagers()
    made.init(key_factory.getKeyManagers(), trusted, None)
    return made


def _key_store(machine: JavaMachine, configuration: contract.Configuration) -> Any:
    store = _empty_store(machine)
    for kind, pem in configuration.presented().items():
        specification = machine.find("java.security.spec.PKCS8EncodedKeySpec")(
            machine.bytes(_der(pem.private_key))
        )
        factory = machine.find("java.security.KeyFactory").getInstance(KEY_ALGORITHMS[kind])
        chain = _certificates(machine, pem.chain)
        key = factory.generatePrivate(specification)
        store.setKeyEntry(kind, key, _characters(machine, NO_PASSWORD), chain)
    return store


def _trust_store(machine: JavaMachine, configuration: contract.Configuration) -> Any:
    store = _empty_store(machine)
    for kind, pem in configuration.client_certificates.items():
        store.setCertificateEntry(kind, _certificates(machine, pem)[0])
    return store


def _empty_store(machine: JavaMachine) -> Any:
    store = machine.find("java.security.KeyStore").getInstance("PKCS12")
    store.load(None, None)
    return store


def _certificates(machine: JavaMachine, pem: str) -> Any:
    factory = machine.find("java.security.cert.CertificateFactory").getInstance("X.509")
    stream = machine.find("java.io.ByteArrayInputStream")(machine.bytes(pem.encode()))
    return machine.array("java.security.cert.Certificate", list(factory.generateCertificates(stream)))


def _characters(machine: JavaMachine, text: str) -> Any:
    return machine.find("java.lang.String")(text).toCharArray()


def _der(pem: str) -> bytes:
    return b64decode("".join(line for line in pem.splitlines() if not line.startswith("-----")))
