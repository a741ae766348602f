import { useRef } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import type { Session, Site } from "../../types";
import type { Wish } from "../api";
import { type Belongs, DESKS, type WorkRow } from "../types";
import { open } from "../views";
import { Bar } from "./Bar";
import { Filters } from "./Filters";
import { useKeys } from "./keys";
import { Outcome } from "./Outcome";
import { keyOf, usePicking } from "./picking";
import { Row } from "./Row";
import { SayDialog, type Saying } from "./SayDialog";
import { Tabs } from "./Tabs";
import { useKept } from "./useKept";
import { useSaying } from "./useSaying";
import { useWork } from "./useWork";

interface Props {
  session: Session;
  site: Site;
}

/** The desk an account acts for; null where it only looks. */
export const deskOf = (session: Session): Belongs =>
  session.role === "officer"
    ? (session.agency as Belongs)
    : session.role === "operator"
      ? "yard"
      : null;

/** What waits for a desk, the oldest first, and the acts that answer it. */
export function WorkList({ session, site }: Props) {
  const own = deskOf(session);
  const [wish, setWish] = useKept<Wish>(`wish of ${session.account}`, {
    desk: own ?? DESKS[0],
    stage: null,
    gate: null,
    direction: null,
    state: null,
    q: "",
    after: null,
  });
  const [goods, setGoods] = useKept<string | null>("goods", null);
  const { work, wrong, late, again } = useWork(wish);
  const rows = (work?.rows ?? []).filter((row) => goods === null || row.goods_class === goods);
  const picking = usePicking(rows);
  const search = useRef<HTMLInputElement>(null);
  const saying = useSaying(own, again);
  const mayAct = own !== null;

  const change = (next: Partial<Wish>): void => setWish({ ...wish, after: null, ...next });
  const begin = (act: Saying["act"], items: readonly WorkRow[]): void => {
    if (mayAct && items.length > 0) saying.begin({ act, items });
  };
  useKeys({
    move: picking.move,
    select: () => picking.current && mayAct && picking.toggle(picking.current),
    confirm: () => begin("confirmed", picking.meant),
    refuse: () => begin("refused", picking.meant),
    ask: () => begin("asked", picking.meant),
    open: () => picking.current && open(picking.current.trip),
    search: () => search.current?.focus(),
    clear: () => {
      picking.selectAll(false);
      search.current?.blur();
    },
  });

  return (
    <div class="work">
      <Tabs
        counts={work?.counts ?? []}
        chosen={wish.stage}
        onChoose={(stage) => change({ stage })}
      />
      <Filters
        wish={wish}
        site={site}
        choosesDesk={own === null}
        search={search}
        onWish={change}
        goods={goods}
        onGoods={setGoods}
      />
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {saying.told && (
        <Outcome told={saying.told} onOpen={open} onClose={() => saying.forget()} />
      )}
      {mayAct && <Bar picking={picking} busy={saying.busy} onAct={begin} />}
      <div class={`list${late ? " late" : ""}`} aria-busy={late}>
        <table>
          <thead>
            <tr>
              <th class="pick">
                {mayAct && (
                  <label>
                    <input
                      type="checkbox"
                      aria-label={t("agency.select_all")}
                      checked={rows.length > 0 && picking.selected.size === rows.length}
                      onChange={(event) => picking.selectAll(event.currentTarget.checked)}
                    />
                    <span>{t("agency.select_all")}</span>
                  </label>
                )}
              </th>
              <th>{t("agency.plate")}</th>
              <th>{t("agency.gate")}</th>
              <th>{t("agency.goods")}</th>
              <th>{t("agency.stage")}</th>
              <th>{t("agency.slot")}</th>
              <th />
              <th>{t("agency.since")}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={keyOf(row)}
                row={row}
                timezone={site.timezone}
                saysStage={wish.stage === null}
                current={picking.current === row}
                selected={picking.selected.has(keyOf(row))}
                mayAct={mayAct}
                onSelect={() => picking.toggle(row)}
                onOpen={() => open(row.trip)}
                onConfirm={() => begin("confirmed", [row])}
                onCurrent={() => picking.goTo(row)}
              />
            ))}
          </tbody>
        </table>
        {work && rows.length === 0 && <p class="nothing">{t("agency.nothing_waits")}</p>}
      </div>
      <Pages wish={wish} next={work?.next ?? null} onPage={(after) => setWish({ ...wish, after })} />
      {saying.asks && (
        <SayDialog
          saying={saying.asks}
          desk={own}
          onDone={saying.done}
          onLeave={saying.leave}
        />
      )}
    </div>
  );
}

interface PagesProps {
  wish: Wish;
  next: string | null;
  onPage: (after: string | null) => void;
}

function Pages({ wish, next, onPage }: PagesProps) {
  if (wish.after === null && next === null) return null;
  return (
    <p class="pages">
      <button type="button" disabled={wish.after === null} onClick={() => onPage(null)}>
        {t("agency.first_page")}
      </button>
      <button type="button" disabled={next === null} onClick={() => onPage(next)}>
        {t("agency.next_page")}
      </button>
    </p>
  );
}
