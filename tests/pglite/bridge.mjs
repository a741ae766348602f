// A server of TimescaleDB's Community edition for the tests: PGlite behind a port of the loopback.
//
//   node bridge.mjs PORT
//
// Connections to one database share its only session: each has it from the first message of a
// transaction to its end. Who waits for another connection's open transaction waits for ever.

import { createServer } from 'node:net';

import { Databases } from './databases.mjs';
import * as wire from './wire.mjs';

const SETTINGS = {
  server_version: '17.5',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
};
const ENCRYPTION = new Set([80877103, 80877104]); // asks for TLS or GSS; there is none
const VERSION_3 = 196608;
const CREATE = /^\s*create\s+database\s+"?(\w+)"?(?:\s+template\s+"?(\w+)"?)?\s*;?\s*$/i;
const DROP = /^\s*drop\s+database\s+(?:if\s+exists\s+)?"?(\w+)"?/i;
const COPY_IN = /^\s*copy\b[\s\S]+\bfrom\s+stdin\b/i;
const COPY_FAILED = // an error that ends the transaction, as a failed COPY does
  "do $$ begin raise exception 'COPY from stdin failed' using errcode = '57014'; end $$";
const EXTENDED = new Set(['P', 'B', 'D', 'E', 'C', 'H']);

const databases = await Databases.start();
let count = 0;

class Connection {
  #mark = `c${++count}:`;
  #bytes = Buffer.alloc(0);
  #database = null;
  #copy = null;
  #skipping = false;
  #held = false;

  constructor(socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.work();
    });
    socket.on('close', () => this.#leave());
    socket.on('error', () => socket.destroy());
  }

  /** Work off what has come, as long as it is this connection's turn. */
  work() {
    while (!this.#held && this.#hasTurn()) {
      const next = this.#take();
      if (next === null) return;
      if (this.#database === null) this.#begin(next);
      else this.#answer(next);
    }
  }

  #hasTurn() {
    const { owner, waiting } = this.#database ?? { owner: null };
    if (owner === null || owner === this) return true;
    if (!waiting.includes(this)) waiting.push(this);
    return false;
  }

  /** The next whole message, or null where it has not come yet. */
  #take() {
    const head = this.#database === null ? 0 : 1;
    if (this.#bytes.length < head + 4) return null;
    const end = head + this.#bytes.readUInt32BE(head);
    if (this.#bytes.length < end) return null;
    const whole = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return whole;
  }

  #begin(bytes) {
    const version = bytes.readUInt32BE(4);
    if (ENCRYPTION.has(version)) return void this.socket.write('N');
    if (version !== VERSION_3) return void this.socket.destroy();
    const { database: name } = wire.startupParameters(bytes);
    const found = databases.get(name);
    if (found === undefined) {
      const sentence = `database "${name}" does not exist`;
      return void this.socket.end(wire.error('FATAL', '3D000', sentence));
    }
    this.#database = found;
    found.connections.add(this);
    this.socket.write(wire.welcome(SETTINGS));
  }

  #answer(bytes) {
    const letter = String.fromCharCode(bytes[0]);
    if (letter === 'X') return void this.socket.end();
    this.#database.owner = this;
    if (this.#copy !== null) return this.#answerCopy(letter, bytes);
    if (letter === 'Q') return this.#answerQuery(bytes);
    if (this.#skipping && letter !== 'S') return;
    const answer = this.#send(wire.withMarkedNames(bytes, this.#mark));
    this.#skipping = EXTENDED.has(letter) && answer.failed;
  }

  #answerQuery(bytes) {
    const [sql] = wire.stringAt(bytes, 5);
    const [create, drop] = [CREATE.exec(sql), DROP.exec(sql)];
    if (create !== null) {
      return this.#await('CREATE DATABASE', databases.create(create[1], create[2]));
    }
    if (drop !== null) return this.#await('DROP DATABASE', databases.drop(drop[1]));
    if (!COPY_IN.test(sql)) return void this.#send(bytes);
    this.#copy = { sql, chunks: [] };
    this.socket.write(wire.copyIn(/\bbinary\b/i.test(sql)));
  }

  #answerCopy(letter, bytes) {
    const { sql, chunks } = this.#copy;
    if (letter === 'd') chunks.push(bytes.subarray(5));
    if (letter !== 'c' && letter !== 'f') return;
    this.#copy = null;
    if (letter === 'c') return void this.#tell(() => this.#database.copyFrom(sql, chunks));
    this.#send(wire.query(COPY_FAILED));
  }

  #send(bytes) {
    return this.#tell(() => this.#database.send(bytes));
  }

  /** Write what the database answers, and hand it on where no transaction is left open. */
  #tell(ask) {
    let answer;
    try {
      answer = ask();
    } catch (error) {
      console.error(error);
      this.#database.end(`PGlite has crashed: ${error.message}`);
      return { failed: true };
    }
    if (answer.length > 0) this.socket.write(answer);
    const found = wire.examine(answer);
    if (found.status === 'I') this.#release();
    return found;
  }

  #release() {
    this.#database.owner = null;
    for (const next of this.#database.waiting.splice(0)) setImmediate(() => next.work());
  }

  /** Hold this connection's other messages back until something has been done. */
  async #await(tag, done) {
    this.#held = true;
    const failed = await done.then(() => null, (error) => error);
    const said = failed ? wire.error('ERROR', 'XX000', failed.message) : wire.complete(tag);
    this.socket.write(Buffer.concat([said, wire.ready()]));
    this.#held = false;
    this.#release();
    this.work();
  }

  #leave() {
    const database = this.#database;
    if (database === null) return;
    database.connections.delete(this);
    database.waiting = database.waiting.filter((one) => one !== this);
    if (database.gone) return;
    if (database.owner === this) database.rollBack();
    if (database.connections.size === 0) database.renew();
    if (database.owner === this) this.#release();
  }
}

createServer((socket) => new Connection(socket)).listen(Number(process.argv[2]), '127.0.0.1');
