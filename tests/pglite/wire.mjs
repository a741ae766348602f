// The PostgreSQL wire protocol, version 3, as far as a server in front of PGlite must know it.
// Source: https://www.postgresql.org/docs/17/protocol-message-formats.html

const utf8 = new TextEncoder();
const text = new TextDecoder();

export const code = (letter) => letter.charCodeAt(0);

/** One message: its type's letter, its length, its body. */
export function message(letter, ...parts) {
  const bodies = parts.map((part) => (typeof part === 'string' ? utf8.encode(`${part}\0`) : part));
  const length = 4 + bodies.reduce((sum, body) => sum + body.length, 0);
  const whole = Buffer.alloc(1 + length);
  whole[0] = code(letter);
  whole.writeUInt32BE(length, 1);
  let at = 5;
  for (const body of bodies) {
    whole.set(body, at);
    at += body.length;
  }
  return whole;
}

export const query = (sql) => message('Q', sql);
export const complete = (tag) => message('C', tag);
export const ready = (status = 'I') => message('Z', Uint8Array.of(code(status)));
export const copyIn = (binary) => message('G', Uint8Array.of(binary ? 1 : 0, 0, 0));

export function error(severity, sqlstate, sentence) {
  const fields = { S: severity, V: severity, C: sqlstate, M: sentence };
  const parts = Object.entries(fields).map(([key, value]) => utf8.encode(`${key}${value}\0`));
  return message('E', ...parts, Uint8Array.of(0));
}

/** What a server says once it has let somebody in. */
export function welcome(settings) {
  const said = Object.entries(settings).map(([name, value]) => message('S', name, value));
  const [accepted, key] = [message('R', new Uint8Array(4)), message('K', new Uint8Array(8))];
  return Buffer.concat([accepted, ...said, key, ready()]);
}

/** The zero-terminated string at an offset, and the offset behind it. */
export function stringAt(bytes, start) {
  const end = bytes.indexOf(0, start);
  return [text.decode(bytes.subarray(start, end)), end + 1];
}

/** The parameters of a startup message: user, database, options, … */
export function startupParameters(body) {
  const parameters = {};
  for (let at = 8; body[at] !== 0; ) {
    const [name, behind] = stringAt(body, at);
    const [value, next] = stringAt(body, behind);
    parameters[name] = value;
    at = next;
  }
  return parameters;
}

/** What an answer holds: whether an error, and the transaction's status where it ends with one. */
export function examine(answer) {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.length);
  const found = { failed: false, status: null };
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] === code('E')) found.failed = true;
    if (bytes[at] === code('Z')) found.status = String.fromCharCode(bytes[at + 5]);
  }
  return found;
}

/** A message of the extended protocol with its statements' names set apart by a mark. */
export function withMarkedNames(bytes, mark) {
  switch (String.fromCharCode(bytes[0])) {
    case 'P':
      return marked(bytes, 5, mark);
    case 'B': // a portal's name comes first
      return marked(bytes, stringAt(bytes, 5)[1], mark);
    case 'D':
    case 'C': // either of a statement or of a portal
      return bytes[5] === code('S') ? marked(bytes, 6, mark) : bytes;
    default:
      return bytes;
  }
}

function marked(bytes, at, mark) {
  if (bytes[at] === 0) return bytes; // the statement without a name
  const letter = String.fromCharCode(bytes[0]);
  return message(letter, bytes.subarray(5, at), utf8.encode(mark), bytes.subarray(at));
}
