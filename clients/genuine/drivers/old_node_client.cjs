/* OpenSSL inside node 0.8 to 4 as a client: a context as the library makes it, certificates not verified.
 *
 * A visit is an object on a line of standard input and one line back (clients/genuine/driver.py). Of TLS only what
 * OpenSSL does is here: this moves bytes between the socket and OpenSSL's memory, past node's own tls module, which has
 * settings of its own. The names of process.binding('crypto') are those of node's src/node_crypto.cc. The language is
 * that of 2012.
 */
'use strict';

var binding = process.binding('crypto');
var net = require('net');

var CHUNK = 1 << 14;
var MAX_ANSWER = 1 << 16;
var chunk = new Buffer(CHUNK);

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

function visit(told, done) {
  var says = { words: '', works: null, answer: '', alert_received: null };
  var context = new binding.SecureContext();
  context.init(); // SSLv23_method: every version there is
  var ssl = new binding.Connection(context, false, told.server_name || false, false);
  var socket = net.connect(told.port, told.host);
  var isAsked = false, isOver = false;
  var timer = setTimeout(function () { over('timeout'); }, told.seconds * 1000);

  ssl.onhandshakestart = ssl.onhandshakedone = ssl.onnewsession = function () {};

  function over(error) {
    if (isOver) {
      return;
    }
    isOver = true;
    clearTimeout(timer);
    if (error) {
      says.words += error + '\n';
      says.works = says.answer !== '';
      var number = /SSL alert number (\d+)/.exec(error);
      says.alert_received = number ? Number(number[1]) : null;
    }
    socket.end();
    socket.on('close', function () { ssl.close(); });
    setTimeout(function () { socket.destroy(); done(says); }, 20);
  }

  function error() {
    var found = ssl.error || null;
    ssl.error = null;
    if (found !== null && found.message === 'ZERO_RETURN') { // close_notify
      return null;
    }
    return found && (found.message || String(found));
  }

  function flush() {
    var length;
    while ((length = ssl.encOut(chunk, 0, CHUNK)) > 0) {
      socket.write(new Buffer(chunk.slice(0, length)));
    }
  }

  function hasCloseNotify() { // until node 0.10.0 a method, later a property
    var received = ssl.receivedShutdown;
    return Boolean(typeof received === 'function' ? received.call(ssl) : received);
  }

  function advance() {
    var length, wrong;
    do {
      // clearOut would call OpenSSL again after a handshake that failed, and 1.0.1 would begin another one.
      if (!ssl.isInitFinished()) {
        ssl.start();
        wrong = error();
        if (wrong !== null) {
          flush();
          return over(wrong);
        }
      }
      length = ssl.clearOut(chunk, 0, CHUNK);
      if (length > 0) {
        says.answer = (says.answer + chunk.slice(0, length).toString('binary')).slice(0, MAX_ANSWER);
      }
      wrong = error();
      if (!isAsked && wrong === null && ssl.isInitFinished()) {
        isAsked = true;
        says.words += ssl.getCurrentCipher().name + '\n';
        var request = new Buffer(told.request, 'binary');
        ssl.clearIn(request, 0, request.length);
        wrong = error();
      }
      flush();
      if (wrong !== null || hasCloseNotify()) {
        if (wrong === null) {
          (ssl.shutdown || ssl.shutdownSSL || flush).call(ssl); // the name changed with node 4
          flush();
        }
        return over(wrong);
      }
    } while (length > 0);
  }

  socket.on('connect', function () {
    socket.setNoDelay(true);
    ssl.start();
    advance();
  });
  socket.on('data', function (received) {
    var taken = 0, more;
    while (taken < received.length && !isOver) {
      more = ssl.encIn(received, taken, received.length - taken);
      taken += Math.max(more, 0);
      advance();
      if (more <= 0) {
        return over(error() || 'nothing more is taken in');
      }
    }
  });
  socket.on('end', function () { over(says.answer ? null : 'unexpected end'); });
  socket.on('error', function (failure) { over(failure.code); });
}

var input = '', waiting = [], isBusy = false;

function next() {
  if (!isBusy && waiting.length > 0) {
    isBusy = true;
    visit(JSON.parse(waiting.shift()), function (says) {
      isBusy = false;
      say(says);
      next();
    });
  }
}

process.stdin.setEncoding('utf8');
process.stdin.on('data', function (text) {
  var lines = (input + text).split('\n');
  input = lines.pop();
  waiting = waiting.concat(lines);
  next();
});
process.stdin.on('end', function () { process.exit(0); });
process.stdin.resume();
say({ ready: true });
