/* A server on node's tls module, as `tls.createServer` makes one: in node 20 and later, and in what imitates it (bun).
 *
 * servers/native/node_tls.py starts it. A server is an object on a line of standard input and one event line back; each
 * connection is a line more. The end of standard input ends the process. What HTTP is here is in servers/http.py.
 */
'use strict';

const tls = require('node:tls');
const readline = require('node:readline');

const CONNECTION_TIMEOUT = 10000; // milliseconds, as servers/listener.py has them
const LINGER = 1000;
const MAX_CONNECTIONS = 400;
const MAX_REQUEST = 1 << 16; // bytes

function emit(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/* The options that an operator gives; what is null is left as the runtime has it. */
function options(settings) {
  const given = {
    key: settings.certificates.map((each) => each.private_key),
    cert: settings.certificates.map((each) => each.chain),
    ca: settings.trusted.length > 0 ? settings.trusted : undefined,
    requestCert: settings.client_certificate !== 'no',
    rejectUnauthorized: settings.client_certificate === 'require',
    handshakeTimeout: CONNECTION_TIMEOUT,
    ...settings.options,
  };
  if (settings.certificates.length === 1) { // a list of one is no certificate to all of them
    given.key = given.key[0];
    given.cert = given.cert[0];
  }
  return given;
}

/* OpenSSL's or the runtime's own words, on one line. */
function words(error) {
  return String(error.reason || error.message || error.code).trim();
}

class Connection {
  constructor(id, peerPort) {
    this.event = {
      event: 'connection', id, peer_port: peerPort, version: null, cipher_suite: null, alert_sent: null, reason: null,
    };
    this.isOver = false;
    this.wasAsked = false;
    this.isRenegotiating = false;
    this.request = Buffer.alloc(0);
  }

  /* The handshake is complete. */
  begin(socket) {
    this.socket = socket;
    const version = socket.getProtocol();
    this.event.version = version === 'TLSv1' ? 'TLSv1.0' : version;
    this.event.cipher_suite = socket.getCipher().standardName;
    socket.setTimeout(CONNECTION_TIMEOUT, () => this.end('timeout'));
    socket.on('data', (data) => {
      this.request = Buffer.concat([this.request, data]);
      this.answer();
    });
    socket.on('drain', () => socket.resume());
    socket.on('end', () => this.end(null));
    socket.on('error', (error) => this.end(words(error)));
    socket.on('close', () => this.end('connection lost'));
  }

  answer() {
    while (!this.isOver && !this.isRenegotiating) {
      const text = this.request.toString('latin1');
      const end = /\r?\n\r?\n/.exec(text);
      if (end === null && text.length < MAX_REQUEST) {
        return;
      }
      if (/^GET \/reneg/.test(text) && !this.wasAsked && this.renegotiate()) {
        return;
      }
      this.wasAsked = false;
      this.request = this.request.subarray(end === null ? text.length : end.index + end[0].length);
      const keepsAlive = end !== null && /\nconnection: *keep-alive *(\r?\n|$)/i.test(text.slice(0, end.index));
      if (!this.socket.write(response(this.event, keepsAlive))) {
        this.socket.pause(); // until the client reads, or has had the time to
      }
      if (!keepsAlive) {
        this.end(null);
      }
    }
  }

  /* Ask for a renegotiation, the request stays where it is; false where the runtime cannot or will not. */
  renegotiate() {
    this.wasAsked = true;
    if (this.event.version === 'TLSv1.3' || typeof this.socket.renegotiate !== 'function') {
      return false;
    }
    this.isRenegotiating = true;
    const done = (error) => {
      this.isRenegotiating = false;
      return error ? this.end(words(error)) : this.answer();
    };
    try {
      // Not to check a certificate again leaves the request for one as it was.
      const { requestCert, rejectUnauthorized } = this.socket.asked;
      return this.socket.renegotiate({ requestCert, rejectUnauthorized }, done) !== false;
    } catch {
      this.isRenegotiating = false;
      return false;
    }
  }

  /* Tell what was seen, say close_notify after a success, and read on until the peer ends too, lest what was sent last
   * is lost to a reset. */
  end(reason) {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.event.reason = reason;
    emit(this.event);
    if (this.socket && !this.socket.destroyed) {
      this.socket.resume();
      this.socket.end();
      this.socket.setTimeout(0);
      const timer = setTimeout(() => this.socket.destroy(), LINGER);
      this.socket.on('close', () => clearTimeout(timer));
    }
  }
}

function response(event, keepsAlive) {
  const text = `${process.release.name} ${process.version}: ${event.version} ${event.cipher_suite}\n`;
  return ['HTTP/1.0 200 OK', 'Content-Type: text/plain', `Content-Length: ${text.length}`,
    `Connection: ${keepsAlive ? 'keep-alive' : 'close'}`, '', text].join('\r\n');
}

function start(settings) {
  const given = options(settings);
  const open = new Map(); // by the peer's port
  const server = tls.createServer(given);
  server.maxConnections = MAX_CONNECTIONS;
  server.prependListener('connection', (plain) => {
    const port = plain.remotePort;
    if (!port) { // reset already: nobody could tell whose it was
      return;
    }
    const connection = new Connection(settings.id, port);
    open.set(port, connection);
    plain.on('close', () => {
      open.delete(port);
      connection.end('connection lost');
    });
  });
  server.on('secureConnection', (socket) => {
    const connection = open.get(socket.remotePort);
    if (connection === undefined) {
      socket.destroy();
    } else {
      socket.asked = given;
      connection.begin(socket);
    }
  });
  server.on('tlsClientError', (error, socket) => {
    const connection = open.get(socket && socket.remotePort);
    if (connection !== undefined) {
      connection.end(words(error));
    }
  });
  server.on('drop', (data) => {
    const connection = new Connection(settings.id, data.remotePort);
    connection.end(`refused: ${MAX_CONNECTIONS} connections are open`);
  });
  server.on('error', (error) => emit({ event: 'error', id: settings.id, message: error.message }));
  server.listen(settings.port, settings.host, () => {
    emit({ event: 'ready', id: settings.id, port: server.address().port, stack: settings.stack });
  });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const settings = JSON.parse(line);
  settings.stack = `${settings.runtime} ${process.versions[settings.runtime]}, ` +
    (process.versions.boringssl ? 'BoringSSL' : `OpenSSL ${process.versions.openssl}`);
  try {
    start(settings);
  } catch (error) {
    emit({ event: 'error', id: settings.id, message: error.message });
  }
}).on('close', () => process.exit(0));
