import { type Inputs, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../language";

interface Props {
  title: string;
  /** Changes when the drawer is opened anew with something else. */
  opened?: Inputs;
  onClose: () => void;
}

/** The head of a drawer: its heading, which takes the focus when the drawer opens, and the way out. */
export function DrawerHead({ title, opened = [], onClose }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  // With the drawing itself, so that it takes the focus from nobody who has gone on within the drawer.
  useLayoutEffect(() => heading.current?.focus(), opened);
  return (
    <header>
      <h2 ref={heading} tabIndex={-1}>
        {title}
      </h2>
      <button type="button" aria-label={t("common.close")} onClick={onClose}>
        ✕
      </button>
    </header>
  );
}
