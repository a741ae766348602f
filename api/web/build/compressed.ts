/** A gzipped copy beside every file that shrinks, so that the server need not make one. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const SHRINKS = /\.(js|css|svg)$/;
/** Below this a copy saves less than a packet, bytes. */
const WORTH_IT = 1_000;

export function compressed(): Plugin {
  return {
    name: "flowctl:compressed",
    // From what is written: until then other plugins still change it.
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle)) {
        const source = readFileSync(join(dir, name));
        if (!SHRINKS.test(name) || source.length < WORTH_IT) continue;
        writeFileSync(join(dir, `${name}.gz`), gzipSync(source, { level: 9 }));
      }
    },
  };
}
