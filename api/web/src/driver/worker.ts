/** The service worker that keeps this page on the phone (src/worker/sw.ts). */

async function start(container: ServiceWorkerContainer): Promise<void> {
  await container.register("/sw.js", { scope: "/d", updateViaCache: "none" });
  const { active } = await container.ready;
  // What was loaded before it was there; the browser's own cache still holds it.
  const loaded = performance.getEntriesByType("resource").map(({ name }) => new URL(name));
  active?.postMessage(
    loaded.map(({ pathname }) => pathname).filter((path) => path.startsWith("/assets/")),
  );
}

/** Keep the page on the phone once it stands: nothing here is to slow the first sight. */
export function keepPage(): void {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  // Without one the page works all the same, with a network.
  if (container) start(container).catch((error: unknown) => console.warn(error));
}
