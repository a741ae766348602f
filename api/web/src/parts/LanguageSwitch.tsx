import { choose, language, LANGUAGE_NAMES, LANGUAGES, t } from "../language";

const SHORT = { vi: "VI", zh: "中", en: "EN" } as const;

export function LanguageSwitch() {
  return (
    <div class="languages" role="group" aria-label={t("common.language")}>
      {LANGUAGES.map((one) => (
        <button
          type="button"
          key={one}
          lang={one}
          title={LANGUAGE_NAMES[one]}
          aria-pressed={one === language.value}
          onClick={() => void choose(one)}
        >
          {SHORT[one]}
        </button>
      ))}
    </div>
  );
}
