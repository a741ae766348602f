/**
 * Keeps the officers' page on a tablet. The network goes first, so that a new build is seen at
 * once; without it the page opens as it was last. Answers of the API are never kept here.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const PAGE = "/gate";
const NAME = "flowctl-gate";

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(PAGE, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(PAGE, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

/** A file whose name changes with its content. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** Keep what the page has loaded, and nothing of builds before it. */
async function keep(loaded: string[]): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll([PAGE, ...loaded]);
  const wanted = new Set([PAGE, ...loaded]);
  for (const request of await cache.keys()) {
    if (!wanted.has(new URL(request.url).pathname)) await cache.delete(request);
  }
}

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => event.waitUntil(keep(event.data as string[])));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (pathname.startsWith("/assets/")) event.respondWith(asset(request));
});
