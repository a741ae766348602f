/** The two lines of a workflow's text that a form can write: its name and its start. Pure. */

const VERSION = /^version\s*=\s*"([^"\n]*)"/m;
const START = /^valid_from\s*=\s*([^\s#]+)/m;

/** Put a line in place of what is found, or at the top, where plain fields of TOML stand. */
const put = (text: string, where: RegExp, line: string): string =>
  where.test(text) ? text.replace(where, () => line) : `${line}\n${text}`;

export const versionOf = (text: string): string => VERSION.exec(text)?.[1] ?? "";

export const withVersion = (text: string, version: string): string =>
  put(text, VERSION, `version = "${version.replace(/["\\\n]/g, "")}"`);

/** The moment a text says it holds from; null where it says none that can be read. */
export function startOf(text: string): Date | null {
  const at = new Date(START.exec(text)?.[1] ?? "");
  return Number.isNaN(at.getTime()) ? null : at;
}

export const withStart = (text: string, at: Date): string =>
  put(text, START, `valid_from = ${at.toISOString().replace(".000Z", "Z")}`);
