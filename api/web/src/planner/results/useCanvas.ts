import type { RefObject } from "preact";
import { type Inputs, useEffect, useRef } from "preact/hooks";

/** A canvas as large as its box and as sharp as the screen, drawn again when either changes. */
export function useCanvas(
  draw: (context: CanvasRenderingContext2D, width: number, height: number) => void,
  inputs: Inputs,
): RefObject<HTMLCanvasElement | null> {
  const box = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = box.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return undefined;
    const again = (): void => {
      const { width, height } = canvas.getBoundingClientRect();
      canvas.width = width * devicePixelRatio;
      canvas.height = height * devicePixelRatio;
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      context.clearRect(0, 0, width, height);
      draw(context, width, height);
    };
    const resized = new ResizeObserver(again);
    resized.observe(canvas);
    return () => resized.disconnect();
  }, inputs);
  return box;
}
