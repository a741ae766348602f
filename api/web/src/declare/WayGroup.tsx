import { nameOf, t } from "../language";
import { MomentInput } from "../operator/MomentInput";
import { fieldName, handoverName } from "../parts/names";
import { dayAfter, fromLocal, localDay, otherTime, toLocal } from "../time";
import { Choices, Frame, Text } from "./Field";
import { useFilling } from "./filling";
import { handoversAt, usualHandover } from "./form";

/** What a time of "now" is rounded up to, minutes. */
const STEP_MIN = 5;
const SOON_H = 2;
const MORNING = "07:00";
const MINUTE_MS = 60_000;

/** By which gate, in what manner, and from when. */
export function WayGroup() {
  const { values, place } = useFilling();
  return (
    <section class="group">
      <h2>{t("declare.group_way")}</h2>
      <div class="fields">
        <Gates />
        <ReadyAt />
        <Choices
          name="handover"
          options={handoversAt(values, place.workflow).map((id) => ({
            value: id,
            name: handoverName(id),
          }))}
          otherwise={usualHandover(values, place.workflow)}
        />
        <Text name="pair_plate" maxLength={20} capitals hint={t("declare.hint_pair")} />
        <Text
          name="returns_within_h"
          inputMode="decimal"
          maxLength={6}
          hint={t("declare.hint_returns")}
        />
      </div>
    </section>
  );
}

/** The gate that is wished for, and those that would do as well. */
function Gates() {
  const { values, change, place, keeps } = useFilling();
  const fixed = keeps?.["gates"] === "fixed";
  const open = place.site.gates.filter(({ directions }) =>
    directions.some((one) => one === values.direction),
  );
  const first = values.gates[0];
  const prefer = (id: string): void =>
    change({ gates: [id, ...values.gates.slice(1).filter((one) => one !== id)] });
  const allow = (id: string, may: boolean): void =>
    change({ gates: may ? [...values.gates, id] : values.gates.filter((one) => one !== id) });
  return (
    <Frame name="gates" group>
      <span class="choices">
        {open.map(({ id, name }) => (
          <label key={id}>
            <input
              type="radio"
              name="gate"
              value={id}
              checked={first === id}
              disabled={fixed}
              onChange={() => prefer(id)}
            />
            <span>{nameOf(name)}</span>
          </label>
        ))}
      </span>
      {first !== undefined &&
        open
          .filter(({ id }) => id !== first)
          .map(({ id, name }) => (
            <label key={id} class="box">
              <input
                type="checkbox"
                name={`also-${id}`}
                checked={values.gates.includes(id)}
                disabled={fixed}
                onChange={(event) => allow(id, event.currentTarget.checked)}
              />
              {t("declare.also", { gate: nameOf(name) })}
            </label>
          ))}
    </Frame>
  );
}

/** From when the truck can go: at once, soon, tomorrow morning, or a moment. */
function ReadyAt() {
  const { values, change, place, keeps } = useFilling();
  const { timezone, other_timezone: other } = place.site;
  const now = place.now();
  const rounded = Math.ceil(now.getTime() / (STEP_MIN * MINUTE_MS)) * STEP_MIN * MINUTE_MS;
  const today = localDay(now, timezone);
  const offers = {
    now: toLocal(new Date(rounded), timezone),
    soon: toLocal(new Date(rounded + SOON_H * 60 * MINUTE_MS), timezone),
    morning: `${dayAfter(today, 1)}T${MORNING}`,
  };
  const isWhole = /T\d\d:\d\d$/.test(values.ready_at);
  return (
    <Frame
      name="ready_at"
      group
      hint={isWhole ? otherTime(fromLocal(values.ready_at, timezone), timezone, other) : null}
    >
      {keeps?.["ready_at"] !== "fixed" && (
        <span class="choices">
          {(["now", "soon", "morning"] as const).map((one) => (
            <button
              type="button"
              key={one}
              data-ready={one}
              aria-pressed={values.ready_at === offers[one]}
              onClick={() => change({ ready_at: offers[one] })}
            >
              {t(`declare.ready_${one}`)}
            </button>
          ))}
        </span>
      )}
      <MomentInput
        name={fieldName("ready_at")}
        value={values.ready_at || `${today}T`}
        today={today}
        onChange={(value) => change({ ready_at: value })}
      />
    </Frame>
  );
}
