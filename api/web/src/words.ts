import type { Catalogue } from "./language";

export const allWords: Catalogue = {
  vi: () => import("../../../data/messages/vi.json"),
  zh: () => import("../../../data/messages/zh.json"),
  en: () => import("../../../data/messages/en.json"),
};
