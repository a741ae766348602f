import { nameOf, t } from "../language";
import { duration, wholeNumber } from "../time";
import type { PolicyResult, SiteGate } from "../types";

interface Props {
  none: PolicyResult;
  metering: PolicyResult;
  gates: SiteGate[];
}

interface Row {
  name: string;
  without: number | null;
  with: number | null;
  show: (value: number) => string;
  /** Whether a change of this measure is what control is for. */
  telling: boolean;
}

function rows({ none, metering, gates }: Props): Row[] {
  const times = ["gate_wait_mean", "gate_wait_p95", "total_wait_mean"] as const;
  const timed = times.map((key) => ({
    name: t(`planner.${key}`),
    without: none[`${key}_s`],
    with: metering[`${key}_s`],
    show: duration,
    telling: true,
  }));
  const longest = {
    name: t("planner.queue_max"),
    without: none.queue_max,
    with: metering.queue_max,
    show: wholeNumber,
    telling: true,
  };
  const cleared = gates.flatMap((gate) =>
    (["export", "import"] as const).map((direction) => ({
      name: t("planner.cleared", {
        gate: nameOf(gate.name),
        direction: t(`direction.${direction}`).toLocaleLowerCase(),
      }),
      without: none.cleared[gate.id]?.[direction] ?? null,
      with: metering.cleared[gate.id]?.[direction] ?? null,
      show: wholeNumber,
      telling: false,
    })),
  );
  return [...timed.slice(0, 2), longest, ...timed.slice(2), ...cleared];
}

function percentOf(row: Row): number | null {
  if (row.without === null || row.with === null || row.without === 0) return null;
  return Math.round((100 * (row.with - row.without)) / row.without);
}

function change(row: Row): string {
  const percent = percentOf(row);
  if (percent === null) return t("common.none");
  return percent === 0 ? "±0 %" : `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
}

function tone(row: Row): string {
  if (!row.telling || row.without === null || row.with === null) return "";
  if (percentOf(row) === 0) return "";
  if (row.with < row.without) return "better";
  return row.with > row.without ? "worse" : "";
}

export function Measures(props: Props) {
  const cell = (row: Row, value: number | null): string =>
    value === null ? t("common.none") : row.show(value);
  return (
    <section class="measures">
      <h2>{t("planner.measures")}</h2>
      <table>
        <thead>
          <tr>
            <th>{t("planner.measure")}</th>
            <th>{t("planner.without")}</th>
            <th>{t("planner.with")}</th>
            <th>{t("planner.change")}</th>
          </tr>
        </thead>
        <tbody>
          {rows(props).map((row) => (
            <tr key={row.name}>
              <th>{row.name}</th>
              <td>{cell(row, row.without)}</td>
              <td>{cell(row, row.with)}</td>
              <td class={tone(row)}>{change(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
