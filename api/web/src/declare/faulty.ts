/** The rows of a table that were refused, as a table to mend and send again. Pure. */

import type { ImportFault } from "./api";

/** Cells of one line of a CSV file, quotes taken off. */
function cells(line: string, separator: string): string[] {
  const found: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (quoted && sign === '"' && line[at + 1] === '"') {
      cell += '"';
      at++;
    } else if (sign === '"') quoted = !quoted;
    else if (sign === separator && !quoted) {
      found.push(cell);
      cell = "";
    } else cell += sign;
  }
  return [...found, cell];
}

const separatorOf = (head: string): string =>
  [";", "\t", ","].find((one) => head.includes(one)) ?? ",";

/** A cell that no spreadsheet takes for a formula. */
function quotedCell(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",;\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The head and the faulty rows of a CSV text, with a last column that says what is wrong. */
export function faultyRows(
  text: string,
  faults: readonly ImportFault[],
  say: (fault: ImportFault) => string,
  column: string,
): string {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const head = lines[0] ?? "";
  const separator = separatorOf(head);
  const byRow = new Map<number, string[]>();
  for (const fault of faults) {
    byRow.set(fault.row, [...(byRow.get(fault.row) ?? []), say(fault)]);
  }
  const rows = [...byRow].map(([row, said]) => [
    ...cells(lines[row - 1] ?? "", separator),
    said.join("; "),
  ]);
  const table = [[...cells(head, separator), column], ...rows];
  return `\uFEFF${table.map((row) => row.map(quotedCell).join(separator)).join("\r\n")}\r\n`;
}

/** The faults alone, where the file's own rows cannot be read here (XLSX). */
export function faultList(
  faults: readonly ImportFault[],
  say: (fault: ImportFault) => string,
  columns: readonly string[],
): string {
  const rows = faults.map((one) => [String(one.row), one.column ?? "", say(one)]);
  return `\uFEFF${[columns, ...rows].map((row) => row.map(quotedCell).join(",")).join("\r\n")}\r\n`;
}
