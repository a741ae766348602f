import { useState } from "preact/hooks";
import { type Key, t } from "../../language";
import { problem } from "../../parts/problem";
import { MOST_RUNS } from "../address";
import { start } from "../runs";
import { plans, type Rule, ruleHint, ruleName, RULES } from "../steering";
import { checking, problems, text } from "./draft";

const MOST_REPLICATIONS = 1000;
const [LEAST_QUOTA, MOST_QUOTA] = [10, 200];

const isWhole = (n: number, least: number, most: number): boolean =>
  Number.isSafeInteger(n) && n >= least && n <= most;

interface Wish {
  rules: Rule[];
  /** Of the believed capacity, per cent. */
  quota: number;
  /** Null as long as nobody said: as many as suit the rules. */
  replications: number | null;
  seed: number;
}

/** A day of a rule takes milliseconds, one with the planner in the loop half a minute. */
const replicationsOf = ({ rules, replications }: Wish): number =>
  replications ?? (rules.some(plans) ? 5 : 200);

function fault(wish: Wish): Key | null {
  const { rules, quota, seed } = wish;
  if (rules.length === 0) return "planner.rules_none";
  if (rules.length > MOST_RUNS) return "planner.rules_many";
  if (rules.includes("quota") && !(quota >= LEAST_QUOTA && quota <= MOST_QUOTA)) {
    return "planner.quota_wrong";
  }
  if (!isWhole(replicationsOf(wish), 1, MOST_REPLICATIONS)) return "planner.replications_wrong";
  return isWhole(seed, 0, Number.MAX_SAFE_INTEGER) ? null : "planner.seed_wrong";
}

/** Which ways of steering play the day, how often, with which trucks. */
export function Order() {
  const [wish, setWish] = useState<Wish>({
    rules: ["none", "n_control"],
    quota: 95,
    replications: null,
    seed: 1,
  });
  const [wrong, setWrong] = useState<unknown>(null);
  const [asks, setAsks] = useState(false);
  const bad = fault(wish);
  const broken = problems.value.length > 0;
  const slow = wish.rules.some(plans);

  async function run(event: Event): Promise<void> {
    event.preventDefault();
    setAsks(true);
    try {
      const { rules, quota, seed } = wish;
      await start(
        RULES.filter((rule) => rules.includes(rule)).map((rule) => ({
          text: text.value,
          steering: rule === "quota" ? `quota:${quota / 100}` : rule,
          seed,
          replications: replicationsOf(wish),
        })),
      );
      setWrong(null);
    } catch (error) {
      setWrong(error);
    }
    setAsks(false);
  }

  return (
    <form class="order" onSubmit={(event) => void run(event)} noValidate>
      <h2>{t("planner.steering")}</h2>
      <fieldset class="rules">
        <legend class="quiet">{t("planner.steering_hint")}</legend>
        {RULES.map((rule) => (
          <RuleChoice key={rule} rule={rule} wish={wish} onWish={setWish} />
        ))}
      </fieldset>
      <div class="numbers">
        <label>
          <span>{t("planner.replications")}</span>
          <input
            name="replications"
            type="number"
            min={1}
            max={MOST_REPLICATIONS}
            value={replicationsOf(wish)}
            onInput={({ currentTarget }) =>
              setWish({ ...wish, replications: currentTarget.valueAsNumber })
            }
          />
        </label>
        <label title={t("planner.seed_hint")}>
          <span>{t("planner.seed")}</span>
          <input
            name="seed"
            type="number"
            min={0}
            value={wish.seed}
            onInput={({ currentTarget }) => setWish({ ...wish, seed: currentTarget.valueAsNumber })}
          />
        </label>
        <small class={slow ? "" : "quiet"}>
          {t(slow ? "planner.replications_slow" : "planner.replications_hint")}
        </small>
      </div>
      {bad !== null && (
        <p class="refusal" role="alert">
          {t(bad)}
        </p>
      )}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <button class="main" disabled={bad !== null || broken || asks || checking.value}>
        {t("planner.run")}
      </button>
      {broken && <small class="quiet">{t("planner.text_first")}</small>}
    </form>
  );
}

interface RuleProps {
  rule: Rule;
  wish: Wish;
  onWish: (wish: Wish) => void;
}

function RuleChoice({ rule, wish, onWish }: RuleProps) {
  const on = wish.rules.includes(rule);
  const others = wish.rules.filter((one) => one !== rule);
  return (
    <div class="rule">
      <label title={ruleHint(rule)}>
        <input
          type="checkbox"
          name={rule}
          checked={on}
          onChange={() => onWish({ ...wish, rules: on ? others : [...others, rule] })}
        />
        <span>
          {ruleName(rule)}
          <small class="quiet">{ruleHint(rule)}</small>
        </span>
      </label>
      {rule === "quota" && on && (
        <label class="quota">
          <span class="quiet">{t("planner.quota")}</span>
          <input
            name="quota_share"
            type="number"
            min={LEAST_QUOTA}
            max={MOST_QUOTA}
            value={wish.quota}
            onInput={({ currentTarget }) => onWish({ ...wish, quota: currentTarget.valueAsNumber })}
          />
        </label>
      )}
    </div>
  );
}
