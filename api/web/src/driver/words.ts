import type { Catalogue } from "../language";

/** What the driver's page says, and no more. */
export const driversWords: Catalogue = {
  vi: () => import("../../../../data/messages/vi.json?part=driver"),
  zh: () => import("../../../../data/messages/zh.json?part=driver"),
  en: () => import("../../../../data/messages/en.json?part=driver"),
};
