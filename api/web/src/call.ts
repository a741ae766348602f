/** One operation of the API, asked as its description says: other paths, fields do not compile. */

import type { components, paths } from "./api";
import { once, request } from "./request";

/** A body or an answer by the name the description gives it. */
export type Described<N extends keyof components["schemas"]> = components["schemas"][N];

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Operation<M extends Method, P extends keyof paths> =
  Lowercase<M> extends keyof paths[P] ? paths[P][Lowercase<M>] : never;
/** The paths that take a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: Lowercase<M> extends keyof paths[P] ? P : never;
}[keyof paths];

type Json<A> = A extends { content: { "application/json": infer Body } } ? Body : undefined;
type Success = 200 | 201 | 202 | 204;
/** What an operation answers when it did what it was asked. */
export type Answer<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { responses: infer All }
    ? { [S in keyof All & Success]: Json<All[S]> }[keyof All & Success]
    : never;

type Path<O> = O extends { parameters: { path: infer Names } } ? { path: Names } : unknown;
/** What is null or empty is left out of the address; of a list each stands for itself. */
type Nullable<Q> = { [N in keyof Q]: Q[N] | null | "" };
type Query<O> = O extends { parameters: { query: infer Needed } }
  ? { query: Nullable<Needed> }
  : O extends { parameters: { query?: infer Free } }
    ? { query?: Nullable<Free> }
    : unknown;
type Body<O> = O extends { requestBody: { content: { "application/json": infer Sent } } }
  ? { body: Sent }
  : O extends { requestBody?: { content: { "application/json": infer Sent } } }
    ? { body?: Sent }
    : unknown;
type Key<O> = O extends { parameters: { header: { "Idempotency-Key": string } } }
  ? { key: string }
  : O extends { parameters: { header?: { "Idempotency-Key"?: string | null } } }
    ? { key?: string }
    : unknown;
/** What an operation is asked with; `key`: what is sent again under it is done once. */
export type Asked<M extends Method, P extends keyof paths> = Path<Operation<M, P>> &
  Query<Operation<M, P>> &
  Body<Operation<M, P>> &
  Key<Operation<M, P>>;

/**
 * Whether a page may read an answer as `T`: each field it names is there, and of that kind. A page
 * may know more narrowly what the description calls a text, and need not read everything.
 */
type Fits<Said, T> = [Said] extends [T]
  ? true
  : [T] extends [Said]
    ? true
    : [null, null] extends [Said, Exclude<T, null | undefined>]
      ? false
      : FitsWhole<NonNullable<Said>, NonNullable<T>>;
type FitsWhole<Said, T> = [T] extends [readonly (infer Item)[]]
  ? Said extends readonly (infer SaidItem)[]
    ? Fits<SaidItem, Item>
    : false
  : [T] extends [object]
    ? false extends { [N in keyof T]-?: FitsField<Said, T, N> }[keyof T]
      ? false
      : true
    : [T] extends [Said]
      ? true
      : [Said] extends [T]
        ? true
        : false;
type FitsField<Said, T, N extends keyof T> = N extends keyof Said
  ? Fits<Exclude<Said[N], undefined>, T[N]>
  : undefined extends T[N]
    ? true
    : string extends keyof Said
      ? Fits<Said[keyof Said], T[N]>
      : false;

interface Given {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  key?: string;
}

export function call<M extends Method, P extends PathOf<M>, T = Answer<M, P>>(
  method: M,
  path: P & (Fits<Answer<M, P>, T> extends true ? unknown : { readsWhatIsNotSaid: T }),
  ...[asked]: {} extends Asked<M, P> ? [Asked<M, P>?] : [Asked<M, P>]
): Promise<T> {
  const given: Given = asked ?? {};
  const more = given.key === undefined ? {} : once(given.key);
  return request(method, address(path, given), given.body, more);
}

/** The address of an operation, for what is not asked by `call`: files, streams. */
export function address(path: keyof paths, { path: names = {}, query = {} }: Given): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(names[name])),
  );
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") asked.append(name, String(one));
    }
  }
  const said = String(asked);
  return said === "" ? filled : `${filled}?${said}`;
}
