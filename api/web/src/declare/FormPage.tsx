import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { ApiError } from "../request";
import type { View } from "./address";
import { type Filled, getDraft, listTemplates, prefill } from "./api";
import type { Place } from "./Declare";
import { EMPTY, type Name, type Values, valuesOf } from "./form";
import { NewTrip } from "./NewTrip";
import { keptForm } from "./useDraft";

type From = (View & { at: "draft" })["from"];

/** What a form begins with. */
export interface Start {
  values: Values;
  origins: Record<string, string>;
  /** Fields somebody has filled in before: what is known elsewhere does not overwrite them. */
  typed: Name[];
  revision: number;
}

interface Props {
  id: string;
  from: From;
  place: Place;
}

/** The form of a new trip, once what it begins with is there. */
export function FormPage({ id, from, place }: Props) {
  const [start, setStart] = useState<Start | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const load = (): void => {
    setStart(null);
    setWrong(null);
    begin(id, from, place).then(setStart, setWrong);
  };
  useEffect(load, [id]);

  if (wrong !== null) {
    return (
      <>
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
        <button type="button" onClick={load}>
          {t("common.retry")}
        </button>
      </>
    );
  }
  if (start === null) return <p class="quiet">{t("common.loading")}</p>;
  return (
    <NewTrip key={`${id} ${start.revision}`} id={id} start={start} place={place} onNewer={load} />
  );
}

/** The draft as it was saved last, else what it was to be made from, else nothing. */
async function begin(id: string, from: From, place: Place): Promise<Start> {
  const { timezone } = place.site;
  const kept = keptForm(id);
  const draft = await getDraft(id).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return null;
    if (error instanceof ApiError && error.status === 0 && kept) return null;
    throw error;
  });
  if (draft || kept) {
    const form = { ...draft?.form, ...kept };
    const { origins, ...rest } = form as { origins?: Record<string, string> };
    const found = valuesOf(rest, timezone);
    const typed = (Object.keys(found) as Name[]).filter((name) => isSaid(found[name]));
    return {
      values: { ...EMPTY, ...found },
      origins: origins ?? {},
      typed: typed.filter((name) => !(name in (origins ?? {}))),
      revision: draft?.revision ?? 0,
    };
  }
  const filled = await source(from);
  return {
    values: { ...EMPTY, ...valuesOf(filled.form, timezone), ready_at: "" },
    origins: filled.origins,
    typed: [],
    revision: 0,
  };
}

const isSaid = (value: Values[Name] | undefined): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== "" && value !== false;

async function source(from: From): Promise<Filled> {
  if (from === null) return { form: {}, origins: {} };
  if ("trip" in from) return prefill({ trip: from.trip });
  const found = (await listTemplates()).find(({ name }) => name === from.template);
  if (!found) throw new Error(t("declare.no_template", { name: from.template }));
  const origins = Object.fromEntries(Object.keys(found.form).map((name) => [name, "template"]));
  return { form: found.form, origins };
}
