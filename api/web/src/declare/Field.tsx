import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../language";
import { fieldName, stageName } from "../parts/names";
import { useFilling } from "./filling";
import { applies, isNeeded, type Name, type TextName } from "./form";
import { inputId, originName } from "./names";

interface FrameProps {
  name: Name;
  /** A group of choices has a legend, a single input a label. */
  group?: boolean;
  hint?: string | null;
  children: ComponentChildren;
}

/** What stands around an input: its name, from whom its value is, what it costs, what is wrong. */
export function Frame({ name, group = false, hint = null, children }: FrameProps) {
  const { values, origins, faults, keeps, settled, place } = useFilling();
  if (!applies(name, values, place.workflow)) return null;
  const origin = origins[name];
  const cost = keeps?.[name];
  const stage = settled[name];
  const label = (
    <>
      {fieldName(name)}
      {isNeeded(name) && <span class="needed"> *</span>}
      {origin && <span class="origin">{originName(origin)}</span>}
      {cost && <span class={`cost ${cost}`}>{t(`declare.keeps_${cost}`)}</span>}
    </>
  );
  const below = (
    <>
      {hint && <small class="quiet">{hint}</small>}
      {stage && (
        <small class="quiet">
          {t("declare.settled_by", { stage: stageName(stage) })}
        </small>
      )}
      {faults[name] && (
        <small class="fault" id={`${inputId(name)}-fault`}>
          {faults[name]}
        </small>
      )}
    </>
  );
  if (group) {
    return (
      <fieldset class={`field ${name}`} id={inputId(name)} tabIndex={-1}>
        <legend>{label}</legend>
        {children}
        {below}
      </fieldset>
    );
  }
  return (
    <div class={`field ${name}`}>
      <label for={inputId(name)}>{label}</label>
      {children}
      {below}
    </div>
  );
}

interface MoreProps {
  names: readonly Name[];
  children: ComponentChildren;
}

/** Fields that few need: folded away until one of them says something or is wrong. */
export function More({ names, children }: MoreProps) {
  const { values, faults, place } = useFilling();
  const [open, setOpen] = useState(false);
  const asked = names.filter((name) => applies(name, values, place.workflow));
  const used = asked.some((name) => values[name] !== "" || faults[name] !== undefined);
  return (
    <details
      class="more"
      open={open || used}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{t("declare.more", { fields: asked.map(fieldName).join(", ") })}</summary>
      <div class="fields">{children}</div>
    </details>
  );
}

interface TextProps {
  name: TextName;
  hint?: string | null;
  type?: "text" | "tel";
  inputMode?: "text" | "numeric" | "decimal" | "tel";
  maxLength?: number;
  autofocus?: boolean;
  capitals?: boolean;
}

export function Text({
  name,
  hint = null,
  type = "text",
  capitals = false,
  ...input
}: TextProps) {
  const { values, faults, change, leave, keeps } = useFilling();
  return (
    <Frame name={name} hint={hint}>
      <input
        id={inputId(name)}
        name={name}
        type={type as "text"}
        autocomplete="off"
        maxLength={80}
        {...input}
        value={values[name]}
        disabled={keeps?.[name] === "fixed"}
        aria-invalid={faults[name] !== undefined}
        aria-describedby={faults[name] ? `${inputId(name)}-fault` : undefined}
        onInput={({ currentTarget: { value } }) =>
          change({ [name]: capitals ? value.toUpperCase() : value })
        }
        onBlur={() => leave(name)}
      />
    </Frame>
  );
}

interface ChoiceProps {
  name: TextName;
  options: readonly { value: string; name: string }[];
  hint?: string | null;
  /** What counts where nothing was chosen. */
  otherwise?: string | null;
}

/** A few choices side by side: one press each. */
export function Choices({ name, options, hint = null, otherwise = null }: ChoiceProps) {
  const { values, change, leave, keeps } = useFilling();
  const chosen = values[name] || otherwise;
  return (
    <Frame name={name} group hint={hint}>
      <span class="choices">
        {options.map((one) => (
          <label key={one.value}>
            <input
              type="radio"
              name={name}
              value={one.value}
              checked={chosen === one.value}
              disabled={keeps?.[name] === "fixed"}
              onChange={() => change({ [name]: one.value })}
              onBlur={() => leave(name)}
            />
            <span>{one.name}</span>
          </label>
        ))}
      </span>
    </Frame>
  );
}

/** Many choices: a list that opens. */
export function Pick({ name, options, hint = null }: ChoiceProps) {
  const { values, faults, change, leave, keeps } = useFilling();
  return (
    <Frame name={name} hint={hint}>
      <select
        id={inputId(name)}
        name={name}
        value={values[name]}
        disabled={keeps?.[name] === "fixed"}
        aria-invalid={faults[name] !== undefined}
        aria-describedby={faults[name] ? `${inputId(name)}-fault` : undefined}
        onChange={(event) => change({ [name]: event.currentTarget.value })}
        onBlur={() => leave(name)}
      >
        <option value="">{t("declare.choose")}</option>
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.name}
          </option>
        ))}
      </select>
    </Frame>
  );
}
