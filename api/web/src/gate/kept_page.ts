/** Lets the page open without a network as well, once it was opened with one. */

const WORKER = "/gate-sw.js";
const SCOPE = "/gate";

/** Have the page and the files it has loaded kept; without https there is nobody to keep them. */
export function keepPage(): void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  void container?.register(WORKER, { scope: SCOPE }).then(tell, () => undefined);
}

async function tell(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  const loaded = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
  worker?.postMessage(loaded.filter((path) => path.startsWith("/assets/")));
}
