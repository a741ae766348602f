import { find, t } from "../../language";
import { decimal, wholeNumber } from "../../time";
import { type Document, fileOf } from "./declaration";

const KB = 1024;
const MB = KB * KB;

const size = (bytes: number): string =>
  bytes < MB ? `${wholeNumber(Math.ceil(bytes / KB))} kB` : `${decimal(bytes / MB, 1, 1)} MB`;

/** The documents of a trip; one that is not known to be clean says so, and an infected one is shut. */
export function Papers({ documents }: { documents: readonly Document[] }) {
  return (
    <section class="documents">
      <h2>{t("agency.documents")}</h2>
      {documents.length === 0 && <p class="quiet">{t("agency.no_documents")}</p>}
      <ul>
        {documents.map((one) => (
          <li key={one.id} class={one.state}>
            <b>{find(`declare_paper.${one.kind}`) ?? one.kind}</b>{" "}
            {one.opens ? (
              <a href={fileOf(one.id)} target="_blank" rel="noreferrer">
                {one.name}
              </a>
            ) : (
              <span>{one.name}</span>
            )}{" "}
            <small>
              {size(one.size_bytes)} ·{" "}
              <span class={one.state === "infected" ? "bad" : ""}>
                {t(`declare_paper_state.${one.state}`)}
              </span>
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
