import { defineConfig } from "vite";
import { compressed } from "./build/compressed.ts";
import { driverPage } from "./build/driver_page.ts";
import { helpTexts } from "./build/help.ts";
import { partsOfWords } from "./build/words.ts";

export default defineConfig({
  base: "/",
  plugins: [helpTexts(), partsOfWords(), driverPage(), compressed()],
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
        people: "people.html",
        bulletin: "bulletin.html",
        gate: "gate.html",
        declare: "declare.html",
        agency: "agency.html",
        "gate-sw": "src/worker/gate_sw.ts",
      },
      output: {
        // A service worker must keep its name, and stand where it may serve the page.
        entryFileNames: ({ name }) =>
          name === "gate-sw" ? "gate-sw.js" : "assets/[name]-[hash].js",
      },
    },
  },
  worker: { format: "es" },
});
