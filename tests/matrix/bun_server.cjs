// A program, not a test: Bun's TLS (BoringSSL) as a server. The PEM of a key and a certificate come on standard input, one
// behind the other; it prints its port and answers every request until it is ended.
const tls = require("tls");
const pem = require("fs").readFileSync(0, "utf8");
const certificate = pem.slice(pem.indexOf("-----BEGIN CERTIFICATE-----"));
const server = tls.createServer({ key: pem, cert: certificate }, (connection) => {
  connection.on("error", () => {});
  connection.on("data", () => connection.end("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
});
server.on("tlsClientError", () => {});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
