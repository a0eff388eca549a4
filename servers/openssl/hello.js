/* What is read of a hello before OpenSSL gets it, for what node cannot leave to OpenSSL: the session it offers and the
 * curve. Nothing that a client sends makes these throw; a hello that is not all in one record has neither. */
'use strict';

var HANDSHAKE = 22; // content type, RFC 5246 section 6.2.1
var MAX_RECORD = (1 << 14) + 2048; // RFC 5246 section 6.2.3
var CLIENT_HELLO = 1; // RFC 5246 section 7.4
var SUPPORTED_GROUPS = 10; // RFC 8422 section 5.1

var RECORD_HEADER = 5;
// record (5), type and length (4), version (2), random (32), the session id's length (1)
var SESSION_ID = 44;

function uint16(bytes, at) { // 0 behind the end
  return (bytes[at] << 8) | bytes[at + 1];
}

function isHello(first) {
  return first.length >= SESSION_ID && first[0] === HANDSHAKE && first[5] === CLIENT_HELLO;
}

/* Whether a hello's record, of SSLv3 or later, has begun and more of it is to come. */
exports.isPartOfRecord = function (first) {
  var begins = [HANDSHAKE, 3, undefined, undefined, undefined, CLIENT_HELLO].every(function (byte, at) {
    return byte === undefined || at >= first.length || first[at] === byte;
  });
  var length = first.length < RECORD_HEADER ? 1 : uint16(first, 3);
  return begins && length <= MAX_RECORD && first.length < RECORD_HEADER + length;
};

/* The session id of a hello, null where there is none to be read. */
exports.sessionId = function (first) {
  return isHello(first) ? first.slice(SESSION_ID, SESSION_ID + first[SESSION_ID - 1]) : null;
};

/* The groups that supported_groups names, in its order; none where a hello does not have it. */
exports.groups = function (first) {
  var groups = [], end = Math.min(first.length, RECORD_HEADER + uint16(first, 3)), at, each;
  if (!isHello(first)) {
    return groups;
  }
  at = SESSION_ID + first[SESSION_ID - 1];
  at += 2 + uint16(first, at); // cipher suites
  at += 1 + first[at]; // compression methods
  at += 2; // the extensions' length
  for (; at + 4 <= end; at += 4 + uint16(first, at + 2)) {
    if (uint16(first, at) === SUPPORTED_GROUPS) {
      for (each = at + 6; each + 2 <= Math.min(end, at + 4 + uint16(first, at + 2)); each += 2) {
        groups.push(uint16(first, each));
      }
    }
  }
  return groups;
};
