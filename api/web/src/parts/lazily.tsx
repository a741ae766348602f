import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { isTyped, renewOnce } from "./renewal";

/**
 * A component whose code is fetched when it is first shown.
 *
 * A page that has been built anew since this one was loaded has that code no more: the page loads
 * itself again, once, unless somebody has typed something into it, who is asked.
 */
export function lazily<P extends object>(
  fetched: () => Promise<ComponentType<P>>,
): ComponentType<P> {
  return function Lazily(props: P) {
    const [Shown, setShown] = useState<ComponentType<P> | null>(null);
    const [obstacle, setObstacle] = useState<"away" | "renewed" | null>(null);
    function load(): void {
      setObstacle(null);
      // A component is a function, which a setter would call.
      fetched().then(
        (found) => setShown(() => found),
        () => void renewOnce(isTyped()).then(setObstacle),
      );
    }
    useEffect(load, []);
    if (Shown) return <Shown {...props} />;
    if (obstacle === null) return <p class="quiet">{t("common.loading")}</p>;
    const renewed = obstacle === "renewed";
    return (
      <div class="unloaded" role="alert">
        <p class="refusal">{t(renewed ? "common.renewed" : "common.no_network")}</p>
        <button type="button" class="main" onClick={() => (renewed ? location.reload() : load())}>
          {t(renewed ? "common.reload" : "common.retry")}
        </button>
      </div>
    );
  };
}
