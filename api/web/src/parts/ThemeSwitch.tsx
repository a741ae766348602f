import { t } from "../language";
import { choose, dark } from "./theme";

/** Changes between the dark and the light page; this browser keeps it. */
export function ThemeSwitch() {
  const words = t(dark.value ? "operator.to_light" : "operator.to_dark");
  return (
    <button
      type="button"
      class="theme"
      title={words}
      aria-label={words}
      onClick={() => choose(dark.value ? "light" : "dark")}
    >
      {dark.value ? "☀" : "☾"}
    </button>
  );
}
