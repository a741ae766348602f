import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "./problem";

/** A component whose code is fetched when it is first shown. */
export function lazily<P extends object>(
  fetched: () => Promise<ComponentType<P>>,
): ComponentType<P> {
  return function Lazily(props: P) {
    const [Shown, setShown] = useState<ComponentType<P> | null>(null);
    const [wrong, setWrong] = useState<unknown>(null);
    // A component is a function, which a setter would call.
    useEffect(() => void fetched().then((found) => setShown(() => found), setWrong), []);
    if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
    return Shown ? <Shown {...props} /> : <p class="quiet">{t("common.loading")}</p>;
  };
}
