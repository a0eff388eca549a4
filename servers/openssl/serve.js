/* OpenSSL inside node 0.8 to 4, one process for all variants of a level; node.py starts it and speaks for it.
 *
 * A server is an object on a line of standard input and one event line back; each connection is a line more. The end
 * of standard input ends the process. Of TLS only what OpenSSL does is here: this moves bytes between the socket and
 * OpenSSL's memory (node's own tls module has settings, limits and session rules of its own), so it also sees what is
 * sent before encryption begins, which is how it knows version, cipher suite and alerts.
 *
 * The names of process.binding('crypto') are those of node's src/node_crypto.cc and of its lib/tls.js. The language
 * is that of 2012.
 */
'use strict';

var binding = process.binding('crypto');
var net = require('net');
var hello = require('./hello');

var CONNECTION_TIMEOUT = 10000; // milliseconds, as servers/listener.py has them
var LINGER = 1000;
var MAX_CONNECTIONS = 400;
var MAX_REQUEST = 1 << 16; // bytes
var MAX_SESSIONS = 1000;
var CHUNK = 1 << 14;

var HANDSHAKE = 22, ALERT = 21; // content types, RFC 5246 section 6.2.1
var SERVER_HELLO = 2; // RFC 5246 section 7.4
var FATAL = 2; // RFC 5246 section 7.2

// What OpenSSL writes into; whoever keeps any of it takes a copy.
var chunk = new Buffer(CHUNK);

function emit(event) {
  process.stdout.write(JSON.stringify(event) + '\n');
}

function makeContext(settings, curve) {
  var context = new binding.SecureContext();
  context.init(); // SSLv23_method: every version there is
  if (settings.options !== 0) { // node takes 0 for a mistake
    context.setOptions(settings.options);
  }
  if (settings.cipher_list !== null) {
    context.setCiphers(settings.cipher_list);
  }
  settings.certificates.forEach(function (credential) {
    context.setCert(credential.chain);
    context.setKey(credential.private_key);
  });
  settings.trusted.forEach(function (certificate) { context.addCACert(certificate); });
  context.setSessionIdContext('tls-matrix');
  if (context.setDHParam) { // since node 0.12
    context.setDHParam(new Buffer(settings.dh_parameters));
    context.setECDHCurve(curve);
  }
  return context;
}

/* The contexts of a server, one a curve, made when they are first needed: OpenSSL 1.0.2 can choose among curves
 * (SSL_CTX_set_ecdh_auto), but node has no way to tell it so, and gives a context one. */
function Contexts(settings) {
  this.settings = settings;
  this.byGroup = {};
  this.ticketKeys = null; // a ticket of one is one of all
}

/* The context with the curve that OpenSSL would choose, its preference left to the client: the first of the client's
 * that this side has, else this side's first. */
Contexts.prototype.choose = function (first) {
  var curves = this.settings.curves;
  var groups = curves.map(function (curve) { return curve.group; });
  var common = hello.groups(first).filter(function (group) { return groups.indexOf(group) >= 0; });
  var chosen = curves[Math.max(0, groups.indexOf(common[0]))];
  if (!this.byGroup.hasOwnProperty(chosen.group)) {
    this.byGroup[chosen.group] = this.make(chosen.name);
  }
  return this.byGroup[chosen.group];
};

Contexts.prototype.make = function (curve) {
  var context = makeContext(this.settings, curve);
  if (context.setTicketKeys) { // since node 4
    this.ticketKeys = this.ticketKeys || context.getTicketKeys();
    context.setTicketKeys(this.ticketKeys);
  }
  return context;
};

/* The last sessions by id: since 0.10 node has OpenSSL's own cache switched off (SSL_SESS_CACHE_NO_INTERNAL). */
function Sessions() {
  this.byId = {};
  this.ids = [];
}

Sessions.prototype.keep = function (id, session) {
  this.byId[id.toString('hex')] = session;
  this.ids.push(id.toString('hex'));
  if (this.ids.length > MAX_SESSIONS) {
    delete this.byId[this.ids.shift()];
  }
};

/* The session that a hello offers, or null. */
Sessions.prototype.offered = function (first) {
  var id = hello.sessionId(first);
  return id === null ? null : this.byId[id.toString('hex')] || null;
};

/* What this side sends until its ChangeCipherSpec, read record by record. */
function SentInTheClear() {
  this.pending = new Buffer('');
  this.ended = false;
  this.version = null;
  this.cipherSuite = null;
  this.alert = null;
}

SentInTheClear.prototype.take = function (sent) {
  if (this.ended) {
    return;
  }
  this.pending = Buffer.concat([this.pending, sent]);
  while (this.pending.length >= 5 && !this.ended) {
    var length = this.pending.readUInt16BE(3);
    if (this.pending.length < 5 + length) {
      return;
    }
    this.record(this.pending[0], this.pending.slice(5, 5 + length));
    this.pending = this.pending.slice(5 + length);
  }
};

SentInTheClear.prototype.record = function (contentType, body) {
  if (contentType === HANDSHAKE) {
    if (body[0] === SERVER_HELLO && this.version === null) {
      // type, length (3), version (2), random (32), the session id's length (1)
      this.version = body.readUInt16BE(4);
      this.cipherSuite = body.readUInt16BE(39 + body[38]);
    }
  } else if (contentType === ALERT && body.length === 2) {
    this.alert = body[0] === FATAL ? body[1] : null;
  } else {
    this.ended = true; // ChangeCipherSpec, or no record of SSLv3 or TLS at all
  }
};

function Connection(server, socket) {
  var self = this;
  this.server = server;
  this.socket = socket;
  this.peerPort = socket.remotePort;
  this.sent = new SentInTheClear();
  this.request = new Buffer('');
  this.wasAsked = false; // for the renegotiation that the request is for
  this.isRenegotiating = false;
  this.isRenegotiated = false;
  this.isVerified = false;
  this.isOver = false;
  this.first = new Buffer('');
  this.ssl = null; // made when the first record is there
  socket.setNoDelay(true);
  socket.setTimeout(CONNECTION_TIMEOUT, function () { self.end('timeout'); });
  socket.on('data', function (received) { self.receive(received); });
  socket.on('drain', function () { socket.resume(); });
  socket.on('end', function () { self.end('connection lost: unexpected end'); });
  socket.on('error', function (error) { self.end('connection lost: ' + error.code); });
  socket.on('close', function () {
    self.end('connection lost: ECONNRESET'); // node 0.8 tells it in no other way
    if (self.ssl !== null) {
      self.ssl.close(); // OpenSSL's memory, which the garbage collector does not know of
    }
  });
}

/* Begin with OpenSSL: the curve is chosen by the hello, which stands in the first record.
 *
 * Give OpenSSL the session that is offered, and take node's own reader of hellos out of the way, which would have
 * looked for it, and passes on to OpenSSL only what it has understood. Node 0.8 has none, and OpenSSL's own cache. */
Connection.prototype.begin = function (first) {
  var self = this, server = this.server;
  this.ssl = new binding.Connection(server.contexts.choose(first), true, server.asks, server.requires);
  this.ssl.onhandshakestart = function () {};
  this.ssl.onhandshakedone = function () { self.isRenegotiated = self.isRenegotiating; };
  this.ssl.onclienthello = function () {};
  this.ssl.onnewsession = function (id, session) {
    server.sessions.keep(id, session);
    if (self.ssl.newSessionDone) {
      self.ssl.newSessionDone();
    }
  };
  this.ssl.onnewsessiondone = function () {};
  this.ssl.start();
  if (this.ssl.loadSession) {
    this.ssl.loadSession(this.server.sessions.offered(first));
  }
  if (this.ssl.endParser) { // since node 0.12
    this.ssl.endParser();
  }
};

Connection.prototype.receive = function (received) {
  var taken = 0;
  if (this.isOver) {
    return;
  }
  if (this.ssl === null) {
    received = this.first = Buffer.concat([this.first, received]);
    if (hello.isPartOfRecord(received)) {
      return;
    }
    this.begin(received);
  }
  while (taken < received.length && !this.isOver) {
    var more = this.ssl.encIn(received, taken, received.length - taken);
    if (more < 0) {
      return this.end(this.error() || 'nothing more is taken in');
    }
    taken += more;
    this.advance();
    if (more === 0) {
      return this.end(this.error() || 'nothing more is taken in');
    }
  }
};

/* Let OpenSSL go as far as it can with what it has. */
Connection.prototype.advance = function () {
  var length, error;
  do {
    length = this.ssl.clearOut(chunk, 0, CHUNK);
    if (length > 0 && this.request.length < MAX_REQUEST) { // during a renegotiation nothing is taken out of it
      this.request = Buffer.concat([this.request, chunk.slice(0, length)]);
    }
    error = this.error();
    this.flush();
    if (error !== null || this.hasCloseNotify()) {
      return this.end(error);
    }
    if (this.isRenegotiated) {
      this.isRenegotiating = this.isRenegotiated = false;
    }
    while (this.answer()) { /* the next request that has come */ }
  } while (length > 0 && !this.isOver);
};

/* Whether the client has said close_notify; until node 0.10.0 that is a method, later a property. */
Connection.prototype.hasCloseNotify = function () {
  var received = this.ssl.receivedShutdown;
  return Boolean(typeof received === 'function' ? received.call(this.ssl) : received);
};

Connection.prototype.flush = function () {
  var length;
  while ((length = this.ssl.encOut(chunk, 0, CHUNK)) > 0) {
    var sent = new Buffer(chunk.slice(0, length));
    this.sent.take(sent);
    if (this.socket.writable && !this.socket.write(sent)) {
      this.socket.pause(); // until the client reads, or has had the time to
    }
  }
};

/* Answer the request that is complete and say so, if there is one; how a line may end and what /reneg and keep-alive
 * mean is in servers/http.py. */
Connection.prototype.answer = function () {
  var text = this.request.toString('binary'), end = /\r?\n\r?\n/.exec(text);
  if (this.isOver || this.isRenegotiating || (end === null && text.length < MAX_REQUEST)) {
    return false;
  }
  if (/^GET \/reneg/.test(text) && this.ssl.renegotiate && !this.wasAsked) {
    this.wasAsked = true;
    this.isRenegotiating = this.ssl.renegotiate();
    if (this.isRenegotiating) {
      this.advance();
      return false;
    }
  }
  this.wasAsked = false;
  this.request = this.request.slice(end === null ? text.length : end.index + end[0].length);
  var keepsAlive = end !== null && /\nconnection: *keep-alive *(\r?\n|$)/i.test(text.slice(0, end.index));
  this.write(response(this.server.stack + ': ' + this.ssl.getCurrentCipher().name, keepsAlive));
  if (!keepsAlive) {
    this.end(null);
  }
  return true;
};

function response(text, keepsAlive) {
  return ['HTTP/1.0 200 OK', 'Content-Type: text/plain', 'Content-Length: ' + (text.length + 1),
    'Connection: ' + (keepsAlive ? 'keep-alive' : 'close'), '', text + '\n'].join('\r\n');
}

Connection.prototype.write = function (text) {
  var message = new Buffer(text), error;
  this.ssl.clearIn(message, 0, message.length);
  error = this.error();
  this.flush();
  if (error !== null) {
    this.end(error);
  }
};

/* OpenSSL's words of what went wrong last, or null. A certificate that nobody vouches for is also wrong: node tells
 * OpenSSL to accept any (its VerifyCallback), so that here no alert precedes the end. */
Connection.prototype.error = function () {
  var error = this.ssl.error || null;
  this.ssl.error = null;
  if (error !== null && error.message === 'ZERO_RETURN') { // close_notify
    return null;
  }
  if (error === null && this.server.asks && !this.isVerified && this.ssl.isInitFinished()) {
    this.isVerified = true;
    var shown = this.ssl.getPeerCertificate();
    if (shown && shown.subject) {
      error = this.ssl.verifyError();
    }
  }
  return error && reasons(error.message || String(error));
};

/* The reasons alone of what ERR_print_errors wrote: thread, "error", code, library, function, reason, file, line. */
function reasons(text) {
  var found = text.split('\n').map(function (line) { return line.split(':'); })
    .filter(function (fields) { return fields[1] === 'error'; })
    .map(function (fields) { return fields[5]; });
  return found.join('; ') || text;
}

/* Tell what was seen, say close_notify after a success, and read on until the peer ends too, lest what was sent last
 * is lost to a reset. */
Connection.prototype.end = function (reason) {
  if (this.isOver) {
    return;
  }
  this.isOver = true;
  if (reason === null) {
    (this.ssl.shutdownSSL || this.ssl.shutdown).call(this.ssl);
    this.flush();
  }
  emit({
    event: 'connection', id: this.server.id, peer_port: this.peerPort,
    version: this.sent.version, cipher_suite: this.sent.cipherSuite,
    alert_sent: reason === null ? null : this.sent.alert, reason: reason
  });
  var socket = this.socket;
  socket.setTimeout(LINGER, function () { socket.destroy(); });
  socket.end();
};

function start(settings) {
  var server = {
    id: settings.id, contexts: new Contexts(settings), sessions: new Sessions(),
    asks: settings.client_certificate !== 'no', requires: settings.client_certificate === 'require',
    stack: 'OpenSSL ' + process.versions.openssl
  };
  server.contexts.choose(new Buffer('')); // what is wrong with the settings is known before anybody connects
  var open = 0;
  var listening = net.createServer({ allowHalfOpen: true }, function (socket) {
    if (!socket.remotePort) { // reset already: nobody could tell whose it was
      return socket.destroy();
    }
    socket.on('close', function () { open -= 1; });
    open += 1;
    if (open > MAX_CONNECTIONS) { // node's own maxConnections would end it without a word
      emit({
        event: 'connection', id: settings.id, peer_port: socket.remotePort, version: null, cipher_suite: null,
        alert_sent: null, reason: 'refused: ' + MAX_CONNECTIONS + ' connections are open'
      });
      return socket.destroy();
    }
    new Connection(server, socket);
  });
  listening.on('error', function (error) { emit({ event: 'error', id: settings.id, message: error.message }); });
  listening.listen(settings.port, settings.host, function () {
    var stack = server.stack + ' (node ' + process.version + ')';
    emit({ event: 'ready', id: settings.id, port: listening.address().port, stack: stack });
  });
}

var unread = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', function (text) {
  unread += text;
  for (var end; (end = unread.indexOf('\n')) >= 0; unread = unread.slice(end + 1)) {
    var settings = JSON.parse(unread.slice(0, end));
    try {
      start(settings);
    } catch (error) {
      emit({ event: 'error', id: settings.id, message: error.message });
    }
  }
});
process.stdin.on('end', function () { process.exit(0); });
process.stdin.resume();
