import { find, t } from "../language";
import { goodsName, stageName } from "../parts/names";
import { placeName } from "../parts/place";
import { instant, moment, otherTime } from "../time";
import type { Trip } from "../types";
import type { Beside, OpenStage } from "./api";
import { newDraft, type Place } from "./Declare";
import { deskName, money, since } from "./names";

interface Props {
  row: { trip: Trip; beside: Beside };
  now: Date;
  place: Place;
}

/** A trip in one line: what it is, where it stands, what waits for whom, what it costs. */
export function TripRow({ row: { trip, beside }, now, place }: Props) {
  const goods = beside.goods ?? (beside.goods_class && goodsName(beside.goods_class));
  const what = beside.load === "empty" ? t("declare.empty") : (goods ?? t(`cargo.${trip.cargo}`));
  return (
    <tr data-trip={trip.id}>
      <td>
        <a href={`#trip/${trip.id}`}>
          <b>{trip.plate}</b>
        </a>
        {beside.trailer && <small>{beside.trailer}</small>}
        <small>
          {[t(`direction.${trip.direction}`), what, beside.customer].filter(Boolean).join(" · ")}
        </small>
        {place.session.role !== "haulier" && trip.haulier && <small>{trip.haulier}</small>}
      </td>
      <td>
        {trip.stage && t(`stage.${trip.stage}`)}
        {beside.reached && <small>✓ {stageName(beside.reached)}</small>}
        <Marks beside={beside} />
      </td>
      <td>
        <Waits open={trip.state === "active" ? beside.open : []} now={now} />
      </td>
      <td>
        <Slot trip={trip} now={now} place={place} />
      </td>
      <td class="sum">{beside.due_vnd === null ? t("common.none") : money(beside.due_vnd)}</td>
      <td>
        <span class="buttons">
          <a class="button" href={`#trip/${trip.id}`}>
            {t("declare.open")}
          </a>
          <button type="button" onClick={() => place.go(newDraft({ trip: trip.id }))}>
            {t("declare.copy")}
          </button>
        </span>
      </td>
    </tr>
  );
}

function Marks({ beside }: { beside: Beside }) {
  return (
    <>
      {beside.open_conflicts > 0 && (
        <small class="warns">{t("declare.conflicts", { n: beside.open_conflicts })}</small>
      )}
      {beside.marks.map((mark) => (
        <small key={mark} class="warns">
          {find(`declare_mark.${mark}`) ?? mark}
        </small>
      ))}
    </>
  );
}

function Waits({ open, now }: { open: OpenStage[]; now: Date }) {
  if (open.length === 0) return <>{t("common.none")}</>;
  return (
    <ul class="waits">
      {open.map((one) => (
        <li key={one.stage} data-state={one.state}>
          {stageName(one.stage)}
          <small>
            {[
              one.state === "ready" ? null : t(`declare.stage_${one.state}`),
              deskName(one.state === "asked" ? "haulier" : one.desk),
              since(one.since, now),
            ]
              .filter(Boolean)
              .join(" · ")}
          </small>
        </li>
      ))}
    </ul>
  );
}

interface SlotProps {
  trip: Trip;
  now: Date;
  place: Place;
}

/** The slot its driver was told, by the gate's clock and by the other side's. */
export function Slot({ trip, now, place }: SlotProps) {
  const { timezone, other_timezone: other } = place.site;
  if (!trip.slot) return <>{t("operator.no_slot")}</>;
  const starts = instant(trip.slot.starts_at);
  return (
    <>
      {moment(starts, now, timezone)}
      <small>{[placeName(trip.slot.gate), otherTime(starts, timezone, other)].filter(Boolean).join(" ")}</small>
    </>
  );
}
