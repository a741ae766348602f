/** The one way pages speak to the server. */

/** The event that says how the session of this page came to its end: "ended" or "expired". */
export const SESSION_OVER = "flowctl:session-over";
const OVER = /^urn:flowctl:session-(ended|expired)$/;

export type Value = string | number | string[] | null;
/** What a refusal names, by its names in the catalogue's words. */
export type Values = Record<string, Value>;

/** A refusal with the server's own sentence; status 0 where no answer came at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** What kind of problem it is (RFC 9457), where the server tells its problems apart. */
    readonly type = "about:blank",
    readonly values: Values = {},
    /** Seconds to wait before another try, where the server says so. */
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }
}

const TIMEOUT_MS = 15_000;

/** Made anew for each thing a page asks to be done: what is sent again under a key is done once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

export const once = (key: string): Record<string, string> => ({ "Idempotency-Key": key });

export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...more };
  // A foreign page cannot set this header: it proves that our own page asks.
  if (method !== "GET") headers["X-Flowctl"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new ApiError(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** What a problem document (RFC 9457) says, else the bare status. */
export async function refusal(response: Response): Promise<ApiError> {
  let said: { detail?: unknown; title?: unknown; type?: unknown; values?: Values } = {};
  try {
    said = (await response.json()) as typeof said;
  } catch {
    // Not JSON: a proxy in between has answered.
  }
  const sentence = [said.detail, said.title].find((one) => typeof one === "string");
  const type = typeof said.type === "string" ? said.type : undefined;
  // An event and no signal: a worker that only sends is to load no more than it needs.
  const over = response.status === 401 ? OVER.exec(type ?? "")?.[1] : undefined;
  if (over) dispatchEvent(new CustomEvent(SESSION_OVER, { detail: over }));
  const again = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(
    response.status,
    (sentence as string) ?? response.statusText,
    type,
    said.values,
    Number.isNaN(again) ? null : again,
  );
}
