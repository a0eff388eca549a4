/* A server on Deno.listenTls, and with it rustls. serve.py starts it. A server is an object on a line of standard input
 * and one event line back; each connection is a line more. The end of standard input ends the process. What HTTP is here
 * is in servers/http.py. Deno tells neither the version nor the cipher suite of a connection, nor an alert that it sent.
 */

const CONNECTION_TIMEOUT = 10000; // milliseconds, as servers/listener.py has them
const LINGER = 1000;
const MAX_CONNECTIONS = 400;
const MAX_REQUEST = 1 << 16; // bytes

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

function emit(event) {
  const line = encoder.encode(`${JSON.stringify(event)}\n`);
  for (let written = 0; written < line.length;) {
    written += Deno.stdout.writeSync(line.subarray(written));
  }
}

class TimeIsUp extends Error {}

/* What a promise gives, if that comes in time. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TimeIsUp('timeout')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function answer(conn) {
  let request = '';
  const chunk = new Uint8Array(4096);
  while (true) {
    const end = /\r?\n\r?\n/.exec(request);
    if (end === null && request.length < MAX_REQUEST) {
      const count = await within(CONNECTION_TIMEOUT, conn.read(chunk));
      if (count === null) {
        return;
      }
      request += latin1.decode(chunk.subarray(0, count));
      continue;
    }
    const head = request.slice(0, end === null ? request.length : end.index);
    const keepsAlive = end !== null && /\nconnection: *keep-alive *(\r?\n|$)/i.test(head);
    request = end === null ? '' : request.slice(end.index + end[0].length);
    const text = `deno ${Deno.version.deno}\n`;
    let rest = encoder.encode(['HTTP/1.0 200 OK', 'Content-Type: text/plain', `Content-Length: ${text.length}`,
      `Connection: ${keepsAlive ? 'keep-alive' : 'close'}`, '', text].join('\r\n'));
    while (rest.length > 0) {
      rest = rest.subarray(await within(CONNECTION_TIMEOUT, conn.write(rest)));
    }
    if (!keepsAlive) {
      return;
    }
  }
}

async function serve(id, conn) {
  let reason = null;
  try {
    await within(CONNECTION_TIMEOUT, conn.handshake());
    await answer(conn);
  } catch (error) {
    reason = error.message;
  }
  emit({ event: 'connection', id, peer_port: conn.remoteAddr.port, version: null, cipher_suite: null,
    alert_sent: null, reason });
  try {
    // Read on until the peer ends too, lest what was sent last is lost to a reset.
    await within(LINGER, (async () => {
      await conn.closeWrite();
      const chunk = new Uint8Array(4096);
      for (let unread = MAX_REQUEST; unread > 0;) {
        const count = await conn.read(chunk);
        if (count === null) {
          return;
        }
        unread -= count;
      }
    })());
  } catch {
    // The peer is gone, or does not end.
  }
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}

async function accept(id, listener) {
  let open = 0;
  for await (const conn of listener) {
    if (open >= MAX_CONNECTIONS) {
      emit({ event: 'connection', id, peer_port: conn.remoteAddr.port, version: null, cipher_suite: null,
        alert_sent: null, reason: `refused: ${MAX_CONNECTIONS} connections are open` });
      conn.close();
      continue;
    }
    open += 1;
    serve(id, conn).finally(() => { open -= 1; });
  }
}

function start(settings) {
  const [credential] = settings.certificates;
  const protocols = { 'no': undefined, 'http-1.1': ['http/1.1'] };
  const listener = Deno.listenTls({
    hostname: settings.host, port: settings.port, cert: credential.chain, key: credential.private_key,
    alpnProtocols: protocols[settings.toggles.alpn],
  });
  emit({ event: 'ready', id: settings.id, port: listener.addr.port, stack: `deno ${Deno.version.deno}, rustls` });
  accept(settings.id, listener);
}

let unread = '';
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  unread += text;
  for (let end; (end = unread.indexOf('\n')) >= 0; unread = unread.slice(end + 1)) {
    const settings = JSON.parse(unread.slice(0, end));
    try {
      start(settings);
    } catch (error) {
      emit({ event: 'error', id: settings.id, message: error.message });
    }
  }
}
Deno.exit(0);
