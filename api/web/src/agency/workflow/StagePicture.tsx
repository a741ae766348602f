import { useState } from "preact/hooks";
import { find, nameOf, t } from "../../language";
import { deskName, lockName } from "../names";
import type { Variant } from "../types";
import { BOX, type Box, layout } from "./layout";

const MOST_LETTERS = 25;
const short = (text: string): string =>
  text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text;

/** From the foot of one box to the head of another. */
function way(from: Box, to: Box): string {
  const x1 = from.x + BOX.width / 2;
  const y1 = from.y + BOX.height;
  const x2 = to.x + BOX.width / 2;
  const bend = (to.y - y1) / 2;
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`;
}

/** The stages of a variant as boxes, each below what it needs. */
export function StagePicture({ variants }: { variants: readonly Variant[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const variant = variants.find(({ id }) => id === chosen) ?? variants[0];
  if (!variant) return null;
  const { boxes, lines, width, height } = layout(variant.stages);
  return (
    <figure class="stage-picture">
      <select
        name="variant"
        aria-label={t("agency.variant")}
        value={variant.id}
        onChange={(event) => setChosen(event.currentTarget.value)}
      >
        {variants.map((one) => (
          <option key={one.id} value={one.id}>
            {nameOf(one.name)}
          </option>
        ))}
      </select>
      <div class="drawn">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={nameOf(variant.name)}
        >
          {lines.map(({ from, to }) => (
            <path key={`${from.stage.id} ${to.stage.id}`} d={way(from, to)} class="line" />
          ))}
          {boxes.map(({ stage, x, y }) => (
            <g
              key={stage.id}
              transform={`translate(${x} ${y})`}
              class={stage.unlocks.length > 0 ? "box unlocks" : "box"}
              data-stage={stage.id}
            >
              <title>
                {[nameOf(stage.name), deskName(stage.desk), ...stage.unlocks.map(lockName)].join(
                  " · ",
                )}
              </title>
              <rect width={BOX.width} height={BOX.height} rx="6" />
              <text x="8" y="17">
                {short(nameOf(stage.name))}
              </text>
              <text x="8" y="33" class="whose">
                {short(
                  stage.desk === null
                    ? stage.proofs.map((proof) => find(`agency.proof_${proof}`) ?? proof).join(", ")
                    : deskName(stage.desk),
                )}
              </text>
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}
