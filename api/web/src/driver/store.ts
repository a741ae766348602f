/** What waits on the phone for the network; the page and its service worker see the same. */

type Name = "acts" | "fixes";
/** The key of a kept row; later rows have larger ones. */
export type RowKey = number;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("flowctl", 1);
    asked.onupgradeneeded = () => {
      for (const name of ["acts", "fixes"] satisfies Name[]) {
        asked.result.createObjectStore(name, { keyPath: "key", autoIncrement: true });
      }
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("This browser keeps nothing."));
  });
}

let opened: Promise<IDBDatabase> | undefined;

/** Do one thing with a store, and be sure that it is on disk. */
async function run<T>(name: Name, ask: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await (opened ??= open());
  return new Promise((resolve, reject) => {
    const work = database.transaction(name, "readwrite");
    const asked = ask(work.objectStore(name));
    work.oncomplete = () => resolve(asked.result);
    work.onabort = () => reject(work.error ?? new Error("This browser keeps nothing."));
  });
}

export const keep = (name: Name, row: object): Promise<IDBValidKey> =>
  run(name, (rows) => rows.put(row));
export const forget = (name: Name, keys: RowKey[]): Promise<unknown> =>
  Promise.all(keys.map((key) => run(name, (rows) => rows.delete(key))));
export const listKept = <T>(name: Name): Promise<T[]> => run(name, (rows) => rows.getAll());

/** Do something that no other tab, and not the service worker, does at the same time. */
export function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  // Old web views have no locks: there the server's own care for doubles must do.
  return navigator.locks ? navigator.locks.request(name, work) : work();
}
