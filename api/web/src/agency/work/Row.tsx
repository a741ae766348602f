import { find, t } from "../../language";
import { goodsName, stageName, weightName } from "../../parts/names";
import { placeName } from "../../parts/place";
import { duration, instant, moment } from "../../time";
import { heat, now, secondsSince } from "../clock";
import { deskName, waitedFor } from "../names";
import type { WorkRow } from "../types";

interface Props {
  row: WorkRow;
  timezone: string;
  /** Whether the tabs leave open which stage a row is about. */
  saysStage: boolean;
  /** Where the keys are. */
  current: boolean;
  selected: boolean;
  mayAct: boolean;
  onSelect: () => void;
  onOpen: () => void;
  onConfirm: () => void;
  onCurrent: () => void;
}

/** One truck that waits at a stage. */
export function Row(props: Props) {
  const { row, timezone, saysStage, current, selected, mayAct } = props;
  const waited = secondsSince(row.since);
  return (
    <tr
      class={current ? "current" : ""}
      aria-selected={selected}
      data-trip={row.trip}
      data-stage={row.stage}
      onClick={props.onCurrent}
    >
      <td class="pick">
        {mayAct && (
          <input
            type="checkbox"
            checked={selected}
            aria-label={t("agency.select", { plate: row.plate })}
            onChange={props.onSelect}
          />
        )}
      </td>
      <td class="plate">
        <button type="button" class="link" onClick={props.onOpen}>
          {row.plate}
        </button>
        {row.nationality !== "VN" && <small class="tag">{row.nationality}</small>}
        {row.marks.map((mark) => (
          <small key={mark} class="tag warn">
            {find(`declare_mark.${mark}`) ?? mark}
          </small>
        ))}
      </td>
      <td class="where">
        {placeName(row.gate)}
        <small>{t(`direction.${row.direction}`)}</small>
      </td>
      <td class="goods">
        {row.load === "empty" ? t("agency.value_load_empty") : goodsOf(row)}
        <small>
          {[row.weight_class && weightName(row.weight_class), row.haulier]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </td>
      <td class={`stage ${row.state}`}>
        {saysStage && <b>{stageName(row.stage)} </b>}
        {row.state !== "ready" && <span class="tag state">{t(`agency.state_${row.state}`)}</span>}
        <Waits row={row} />
      </td>
      <td class="slot">
        {row.slot && <b>{moment(instant(row.slot.starts_at), now(), timezone)}</b>}
      </td>
      <td class="papers">
        {row.has_documents && <small class="tag">{t("agency.papers")}</small>}
        {row.open_conflicts > 0 && (
          <small class="tag bad">{t("agency.n_conflicts", { n: row.open_conflicts })}</small>
        )}
      </td>
      <td class={`since ${heat(waited)}`}>{duration(waited)}</td>
      <td class="do">
        {mayAct && row.state !== "waiting" && (
          <button type="button" class="main" onClick={props.onConfirm}>
            {t("agency.confirm")}
          </button>
        )}
      </td>
    </tr>
  );
}

function goodsOf(row: WorkRow): string {
  return row.goods_class === null ? t(`cargo.${row.cargo}`) : goodsName(row.goods_class);
}

/** Whom the truck waits for besides, and since when. */
function Waits({ row }: { row: WorkRow }) {
  const all = waitedFor(row.waits_for);
  if (all.length === 0) return null;
  return (
    <small class="waits">
      {t("agency.waits_for", {
        whom: all
          .map(({ desk, since }) => `${deskName(desk)}, ${duration(secondsSince(since))}`)
          .join("; "),
      })}
    </small>
  );
}
