/** The rows of a table that were refused, as a table to mend and send again. Pure. */

import type { ImportFault } from "./api";

/** The text of a file as spreadsheets save it: UTF-8, or UTF-16 with its mark. */
export function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const little = first === 0xff && second === 0xfe;
  const big = first === 0xfe && second === 0xff;
  return new TextDecoder(little ? "utf-16le" : big ? "utf-16be" : "utf-8").decode(bytes);
}

/** A cell that no spreadsheet takes for a formula. */
function quotedCell(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",;\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The head and the faulty rows of a CSV text, each as it stands: to be mended and sent again. */
export function faultyRows(text: string, faults: readonly ImportFault[]): string {
  const lines = text.split(/\r?\n/);
  const rows = [...new Set(faults.map(({ row }) => row))].sort((one, other) => one - other);
  const chosen = [lines[0] ?? "", ...rows.map((row) => lines[row - 1] ?? "")];
  return `\uFEFF${chosen.join("\r\n")}\r\n`;
}

/** The faults alone, where the file's own rows cannot be read here (XLSX). */
export function faultList(
  faults: readonly ImportFault[],
  called: (column: string) => string,
  say: (fault: ImportFault) => string,
  columns: readonly string[],
): string {
  const rows = faults.map((one) => [
    String(one.row),
    one.column === null ? "" : called(one.column),
    say(one),
  ]);
  return `\uFEFF${[columns, ...rows].map((row) => row.map(quotedCell).join(",")).join("\r\n")}\r\n`;
}
