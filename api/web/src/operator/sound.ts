/** A sound for alarms of the highest severity, which everybody may mute for their own desk. */

import { signal } from "@preact/signals";

const KEPT = "flowctl.muted";

/** Whether this desk is silent; kept for the next time the page is opened. */
export const muted = signal(localStorage.getItem(KEPT) !== "no");

export function mute(on: boolean): void {
  muted.value = on;
  localStorage.setItem(KEPT, on ? "yes" : "no");
  if (!on) sound();
}

const TONES_HZ = [880, 660, 880];
const TONE_S = 0.18;

let context: AudioContext | null = null;

/** Three short tones; a browser that was never touched by its reader keeps still. */
export function sound(): void {
  if (muted.value) return;
  context ??= new AudioContext();
  const audio = context;
  TONES_HZ.forEach((hertz, n) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const begins = audio.currentTime + n * TONE_S * 1.4;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, begins);
    volume.gain.exponentialRampToValueAtTime(0.2, begins + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, begins + TONE_S);
    tone.connect(volume).connect(audio.destination);
    tone.start(begins);
    tone.stop(begins + TONE_S);
  });
  document.documentElement.dataset["sounded"] = String(
    Number(document.documentElement.dataset["sounded"] ?? 0) + 1,
  );
}
