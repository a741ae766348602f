/**
 * The driver's page as a phone on a thin line is to get it: a document for each language with its
 * style inside and its words on the way, a service worker that keeps it, and icons to install it by.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";
import { build, type Plugin, type Rolldown } from "vite";

const PAGE = "driver.html";
const LANGUAGES = ["vi", "zh", "en"] as const;
const ICON = "src/style/icon.svg";
/** Sides of the icons that browsers ask for to put a page on the home screen, pixels. */
const ICON_SIDES = [192, 512] as const;

type Bundle = Rolldown.OutputBundle;

function chunks(bundle: Bundle): Rolldown.OutputChunk[] {
  return Object.values(bundle).filter((file) => file.type === "chunk");
}

/** A chunk of the page and, before it, all that it imports at once. */
function withImports(bundle: Bundle, fileName: string): string[] {
  const chunk = bundle[fileName];
  if (chunk?.type !== "chunk") return [];
  return [...new Set([...chunk.imports.flatMap((one) => withImports(bundle, one)), fileName])];
}

function wordsChunk(bundle: Bundle, language: string): string {
  const wanted = `${language}.json?part=driver`;
  const found = chunks(bundle).find((one) => one.facadeModuleId?.endsWith(wanted));
  if (!found) throw new Error(`The driver's page has no words in ${language}.`);
  return found.fileName;
}

function loadingWord(language: string): string {
  const text = readFileSync(`../../data/messages/${language}.json`, "utf8");
  return (JSON.parse(text) as { page: { common: { loading: string } } }).page.common.loading;
}

/** Put the style sheets a document names into it: one request less before the first paint. */
function styledInside(html: string, bundle: Bundle): string {
  return html.replace(/<link rel="stylesheet"[^>]*href="\/([^"]+)"[^>]*>/g, (link, name: string) => {
    const sheet = bundle[name];
    return sheet?.type === "asset" ? `<style>${String(sheet.source)}</style>` : link;
  });
}

function inLanguage(html: string, bundle: Bundle, language: string): string {
  const words = `<link rel="modulepreload" crossorigin href="/${wordsChunk(bundle, language)}">`;
  return html
    .replace('<html lang="vi">', `<html lang="${language === "zh" ? "zh-CN" : language}">`)
    .replace("</head>", `${words}</head>`)
    .replace("…", loadingWord(language));
}

function icon(side: number): Uint8Array {
  return new Resvg(readFileSync(ICON, "utf8"), { fitTo: { mode: "width", value: side } })
    .render()
    .asPng();
}

export function driverPage(): Plugin {
  let shell: string[] = [];
  let version = "";
  let outDir = "dist";
  return {
    name: "flowctl:driver-page",
    enforce: "post",
    configResolved(config) {
      outDir = config.build.outDir;
    },
    generateBundle(_, bundle) {
      const page = bundle[PAGE];
      const entry = chunks(bundle).find((one) => one.isEntry && one.name === "driver");
      if (page?.type !== "asset" || !entry) throw new Error(`There is no ${PAGE} in the bundle.`);
      const html = styledInside(String(page.source), bundle);
      delete bundle[PAGE];
      for (const language of LANGUAGES) {
        const source = inLanguage(html, bundle, language);
        this.emitFile({ type: "asset", fileName: `driver.${language}.html`, source });
      }
      for (const side of ICON_SIDES) {
        this.emitFile({ type: "asset", fileName: `icon-${side}.png`, source: icon(side) });
      }
      const words = LANGUAGES.map((language) => wordsChunk(bundle, language));
      shell = [...withImports(bundle, entry.fileName), ...words].map((name) => `/${name}`);
      version = createHash("sha256").update(html).digest("hex").slice(0, 12);
    },
    // By itself: a service worker is one file, where the pages share theirs.
    async writeBundle() {
      await build({
        configFile: false,
        logLevel: "warn",
        define: { SHELL: JSON.stringify(shell), VERSION: JSON.stringify(version) },
        build: {
          outDir,
          emptyOutDir: false,
          target: "es2022",
          rolldownOptions: {
            input: "src/worker/sw.ts",
            output: { format: "iife", entryFileNames: "sw.js" },
          },
        },
      });
    },
  };
}
