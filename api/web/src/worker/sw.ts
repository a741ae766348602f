/**
 * Keeps the driver's page on the phone: it opens without a network, in one build as a whole, and
 * hears what is pushed to it. Answers of the API are never kept here; the page keeps the last one.
 */

import { flush } from "../driver/acts";

/** Scripts the page begins with, and what this build is called: filled in by build/driver_page.ts. */
declare const SHELL: string[];
declare const VERSION: string;

/** Background sync, which not every browser has. */
interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
}

interface Pushed {
  title: string;
  text: string;
  link: string;
  tag: string;
}

const worker = self as unknown as ServiceWorkerGlobalScope;
const PAGE = "/d";
/** Beside it lie caches of other pages. */
const OURS = "flowctl-driver-";
const NAME = OURS + VERSION;
const WORDS = /\/assets\/(vi|zh|en)-/;
const ICON = "/icon-192.png";

/** The caches of this page's builds, the oldest first. */
async function listBuilds(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(OURS));
}

/** Languages whose words an older build of the page has loaded here. */
async function spoken(): Promise<Set<string>> {
  const builds = await Promise.all((await listBuilds()).map((name) => caches.open(name)));
  const urls = (await Promise.all(builds.map((one) => one.keys()))).flat().map(({ url }) => url);
  return new Set(urls.flatMap((url) => WORDS.exec(url)?.[1] ?? []));
}

async function install(): Promise<void> {
  const languages = await spoken();
  const cache = await caches.open(NAME);
  const wanted = SHELL.filter((url) => {
    const language = WORDS.exec(url)?.[1];
    return language === undefined || languages.has(language);
  });
  await cache.addAll([new Request(PAGE, { cache: "reload" }), ICON, ...wanted]);
  await worker.skipWaiting();
}

/** The build before stays as well: a page that is still open may ask for its words. */
async function activate(): Promise<void> {
  const others = (await listBuilds()).filter((name) => name !== NAME);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  return (await cache.match(PAGE, { ignoreVary: true })) ?? fetch(request);
}

/** A file whose name changes with its content. */
async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(NAME)).put(request, answer.clone());
  return answer;
}

async function tellPages(): Promise<void> {
  for (const one of await worker.clients.matchAll({ type: "window" })) one.postMessage("look");
}

async function show({ title, text, link, tag }: Pushed): Promise<void> {
  await worker.registration.showNotification(title, { body: text, tag, data: link, icon: ICON });
  await tellPages();
}

async function open(link: string): Promise<void> {
  const wanted = new URL(link, location.origin).pathname;
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const found = pages.find(({ url }) => new URL(url).pathname === wanted);
  await (found ? found.focus() : worker.clients.openWindow(wanted));
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (pathname.startsWith("/assets/") || pathname === ICON) event.respondWith(asset(request));
});
// The page was loaded before there was a worker: it says what it has, which the HTTP cache still holds.
worker.addEventListener("message", (event) => {
  const urls = event.data as string[];
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(urls)));
});
worker.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(show(event.data.json() as Pushed));
});
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data as string));
});
worker.addEventListener("sync", (event) => {
  const sync = event as SyncEvent;
  if (sync.tag === "acts") sync.waitUntil(flush(tellPages));
});
