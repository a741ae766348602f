import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    // An inlined asset would be a data: address, which the pages' security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre alone is larger than the usual limit; the driver's page has a budget of its own.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: {
        index: "index.html",
        board: "board.html",
        driver: "driver.html",
        planner: "planner.html",
      },
    },
  },
  worker: { format: "es" },
});
