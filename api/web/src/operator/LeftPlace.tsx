import { useState } from "preact/hooks";
import { find, t } from "../language";
import { CAUSES, type Cause } from "../order";
import { SureButton } from "../parts/SureButton";

interface Props {
  /** When the place that was lost counts from, local. */
  time: string;
  /** Null for those who may not. */
  onAccept: ((cause: Cause) => void) | null;
}

/** A place that was lost with a change of devices, and the word that gives it back. */
export function LeftPlace({ time, onAccept }: Props) {
  const [cause, setCause] = useState<Cause>("broken");
  return (
    <div class="left-place">
      <p>{t("order.left", { time })}</p>
      {onAccept && (
        <>
          <label>
            {t("order.cause")}
            <select
              name="cause"
              value={cause}
              onChange={({ currentTarget }) => setCause(currentTarget.value as Cause)}
            >
              {CAUSES.map((one) => (
                <option key={one} value={one}>
                  {find(`why.cause.${one}`)}
                </option>
              ))}
            </select>
          </label>
          <SureButton
            name={t("order.accept")}
            sure={t("order.accept_sure")}
            onSure={() => onAccept(cause)}
          />
        </>
      )}
    </div>
  );
}
