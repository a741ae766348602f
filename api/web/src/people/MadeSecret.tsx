import { t } from "../language";
import type { Made } from "./api";

interface Props {
  made: Made;
  kind: "password" | "key";
  onClose: () => void;
}

/** A password or key that is shown once. */
export function MadeSecret({ made, kind, onClose }: Props) {
  return (
    <section class="made" role="status">
      <p>
        {t(`people.made_${kind}`, { name: made.name })} <code>{made.secret}</code>
      </p>
      <p class="quiet">{t("people.copied")}</p>
      <button type="button" onClick={onClose}>
        {t("people.close")}
      </button>
    </section>
  );
}
