import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../language";

interface Props {
  name: string;
  class?: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A sheet over the page with its way out at the thumb. */
export function Sheet({ name, class: kind = "", onClose, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} class={`sheet ${kind}`} aria-label={name} onClose={onClose}>
      <h2>{name}</h2>
      {children}
      <button type="button" class="close" onClick={onClose}>
        {t("common.close")}
      </button>
    </dialog>
  );
}
