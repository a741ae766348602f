import { useState } from "preact/hooks";

const NAME = "wall";

/** Whether the page is the wallboard: it stands in the address, so that a screen comes back as it was. */
export function useWall(): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => new URLSearchParams(location.search).get(NAME) === "1");
  const change = (wished: boolean): void => {
    const address = new URL(location.href);
    if (wished) address.searchParams.set(NAME, "1");
    else address.searchParams.delete(NAME);
    history.replaceState(null, "", address);
    setOn(wished);
  };
  return [on, change];
}
