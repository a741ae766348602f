import { find, t } from "../../language";
import { stageName } from "../../parts/names";
import { duration, wholeNumber } from "../../time";
import { deskName } from "../names";
import type { Belongs } from "../types";
import type { Row } from "./api";

const COUNTED = ["declared", "arrived", "called", "crossed", "returned", "cancelled"] as const;
const LEGS = ["to_yard", "in_yard", "to_gate", "in_queue", "in_lane", "in_all"] as const;
const WIDEST = 100;

const sum = (rows: readonly Row[], measure: string, direction?: string): number =>
  rows
    .filter((one) => one.measure === measure && (!direction || one.direction === direction))
    .reduce((n, one) => n + one.n, 0);

/** How many trucks there were, a line for each day, month or year. */
export function Trucks({ rows }: { rows: readonly Row[] }) {
  const periods = [...new Set(rows.map(({ period }) => period))];
  const most = Math.max(1, ...periods.map((one) => sum(of(rows, one), "crossed")));
  return (
    <table class="trucks">
      <thead>
        <tr>
          <th>{t("reports.period")}</th>
          {COUNTED.map((one) => (
            <th key={one} class="number">
              {t(`reports.m_${one}`)}
              {one === "crossed" && <small>{t("reports.out_and_in")}</small>}
            </th>
          ))}
          <th aria-hidden="true" />
        </tr>
      </thead>
      <tbody>
        <Counts name={t("reports.in_all")} rows={rows} all />
        {periods.map((one) => (
          <Counts key={one} name={one} rows={of(rows, one)} most={most} />
        ))}
      </tbody>
    </table>
  );
}

const of = (rows: readonly Row[], period: string): Row[] =>
  rows.filter((one) => one.period === period);

interface CountsProps {
  name: string;
  rows: readonly Row[];
  most?: number;
  all?: boolean;
}

function Counts({ name, rows, most, all = false }: CountsProps) {
  const out = sum(rows, "crossed", "export");
  const back = sum(rows, "crossed", "import");
  return (
    <tr class={all ? "all" : undefined}>
      <th scope="row">{name}</th>
      {COUNTED.map((one) => (
        <td key={one} class="number" data-measure={one}>
          {one === "crossed"
            ? `${wholeNumber(out)} / ${wholeNumber(back)}`
            : wholeNumber(sum(rows, one))}
        </td>
      ))}
      <td class="bar" aria-hidden="true">
        {most !== undefined && (
          <svg viewBox={`0 0 ${WIDEST} 10`} preserveAspectRatio="none">
            <rect class="out" width={(WIDEST * out) / most} height="10" />
            <rect
              class="back"
              x={(WIDEST * out) / most}
              width={(WIDEST * back) / most}
              height="10"
            />
          </svg>
        )}
      </td>
    </tr>
  );
}

/** Where trucks wait: how long each part of the way takes half of them, and nine of ten. */
export function Legs({ rows }: { rows: readonly Row[] }) {
  const found = LEGS.flatMap((leg) => rows.filter(({ measure }) => measure === leg));
  const most = Math.max(1, ...found.map(({ p90_s }) => p90_s ?? 0));
  if (found.length === 0) return <p class="quiet">{t("reports.nothing")}</p>;
  return (
    <table class="legs">
      <thead>
        <tr>
          <th>{t("reports.leg")}</th>
          <th>{t("reports.direction")}</th>
          <th class="number">{t("reports.n")}</th>
          <th class="number">{t("reports.half")}</th>
          <th class="number">{t("reports.nine_of_ten")}</th>
          <th aria-hidden="true" />
        </tr>
      </thead>
      <tbody>
        {found.map((one) => (
          <tr key={`${one.measure} ${one.direction}`} data-leg={one.measure}>
            <th scope="row">{find(`reports.m_${one.measure}`)}</th>
            <td>{find(`direction.${one.direction}`)}</td>
            <Lasted row={one} />
            <td class="bar" aria-hidden="true">
              <svg viewBox={`0 0 ${WIDEST} 10`} preserveAspectRatio="none">
                <rect class="ninety" width={(WIDEST * (one.p90_s ?? 0)) / most} height="10" />
                <rect class="half" width={(WIDEST * (one.p50_s ?? 0)) / most} height="10" />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Lasted({ row }: { row: Row }) {
  return (
    <>
      <td class="number">{wholeNumber(row.n)}</td>
      <td class="number">{row.p50_s === null ? "" : duration(row.p50_s)}</td>
      <td class="number">{row.p90_s === null ? "" : duration(row.p90_s)}</td>
    </>
  );
}

/** How long each agency takes for its stages, and how often it refuses. */
export function Desks({ rows }: { rows: readonly Row[] }) {
  const found = rows.filter(({ measure }) => measure === "stage");
  if (found.length === 0) return <p class="quiet">{t("reports.nothing")}</p>;
  const refused = (of: Row): number =>
    sum(
      rows.filter((one) => one.of === of.of && one.desk === of.desk),
      "refused",
      of.direction,
    );
  return (
    <table class="desks">
      <thead>
        <tr>
          <th>{t("reports.desk")}</th>
          <th>{t("reports.stage")}</th>
          <th>{t("reports.direction")}</th>
          <th class="number">{t("reports.m_stage")}</th>
          <th class="number">{t("reports.half")}</th>
          <th class="number">{t("reports.nine_of_ten")}</th>
          <th class="number">{t("reports.m_refused")}</th>
        </tr>
      </thead>
      <tbody>
        {found.map((one) => (
          <tr key={`${one.desk} ${one.of} ${one.direction}`} data-desk={one.desk}>
            <th scope="row">{deskName(one.desk as Belongs)}</th>
            <td>{stageName(one.of)}</td>
            <td>{find(`direction.${one.direction}`)}</td>
            <Lasted row={one} />
            <td class="number">{wholeNumber(refused(one))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What was paid, by the way it was paid. */
export function Paid({ rows }: { rows: readonly Row[] }) {
  const ways = [...new Set(rows.filter((r) => r.measure === "paid").map((r) => r.of))];
  if (ways.length === 0) return <p class="quiet">{t("reports.nothing")}</p>;
  const paid = (way: string) => rows.filter((r) => r.measure === "paid" && r.of === way);
  return (
    <table class="paid">
      <thead>
        <tr>
          <th>{t("reports.way_of_paying")}</th>
          <th class="number">{t("reports.n")}</th>
          <th class="number">{t("reports.sum")}</th>
        </tr>
      </thead>
      <tbody>
        {ways.map((way) => (
          <tr key={way}>
            <th scope="row">{find(`fees.method_${way}`) ?? way}</th>
            <td class="number">{wholeNumber(paid(way).reduce((n, one) => n + one.n, 0))}</td>
            <td class="number">
              {wholeNumber(paid(way).reduce((n, one) => n + (one.sum_vnd ?? 0), 0))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
