/* node 12 and later, and what imitates its tls module (bun, deno): TLS as `tls.connect` makes it by default.
 *
 * A visit is an object on a line of standard input and one line back (clients/genuine/driver.py). Certificates are
 * not verified, alerts are told by their number where the stack says it.
 */
'use strict';

const tls = require('node:tls');
const readline = require('node:readline');

const MAX_ANSWER = 65536;

function visit(told, done) {
  const says = { words: '', works: null, answer: '', alert_sent: null, alert_received: null, key_log: [] };
  let isOver = false;
  const options = { host: told.host, port: told.port, rejectUnauthorized: false };
  if (typeof Deno !== 'undefined') {
    options.ALPNProtocols = ['h2', 'http/1.1']; // as its fetch offers them
  }
  if (told.server_name) {
    options.servername = told.server_name;
  }
  const socket = tls.connect(options, () => {
    says.words += `${socket.getProtocol()} ${socket.getCipher() && socket.getCipher().name}\n`;
    socket.write(Buffer.from(told.request, 'latin1'));
  });
  const timer = setTimeout(() => over(new Error('timeout')), told.seconds * 1000);

  function over(error) {
    if (isOver) {
      return;
    }
    isOver = true;
    clearTimeout(timer);
    if (error) {
      says.words += `${error.code || error.name}: ${error.message}\n`;
      says.works = says.answer !== '';
      const number = /SSL alert number (\d+)/.exec(error.message);
      says.alert_received = number ? Number(number[1]) : null;
    }
    socket.destroy();
    // The kernel is told of the end before anybody is told that it is over.
    setImmediate(() => setTimeout(() => done(says), 5));
  }

  socket.on('keylog', (line) => says.key_log.push(line.toString('latin1').trim()));
  socket.on('data', (data) => {
    says.answer = (says.answer + data.toString('latin1')).slice(0, MAX_ANSWER);
  });
  socket.on('error', over);
  socket.on('end', () => socket.end());
  socket.on('close', () => over(null));
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

let last = Promise.resolve();
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  last = last.then(() => new Promise((resolve) => visit(JSON.parse(line), (says) => resolve(say(says)))));
});
say({ ready: true });
