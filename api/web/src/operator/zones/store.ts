/** What is drawn, what was drawn before, and keeping it with the server as it changes. */

import { computed, signal } from "@preact/signals";
import { type Draft, type Drawn, type DrawnProperties, saveDraft, type Shape } from "./api";
import { shapeKey } from "./shapes";

/** So long after the last change the server is asked what is wrong with it. */
const SETTLED_MS = 350;
const MOST_STEPS = 200;

export class DraftStore {
  readonly draft;
  readonly features;
  readonly selected = signal<string | null>(null);
  readonly wrong = signal<unknown>(null);
  /** Whether something drawn is not with the server yet. */
  readonly unsaved = signal(false);
  readonly steps = signal({ back: 0, forth: 0 });
  readonly zone = computed(() => this.find(this.selected.value));
  private readonly past: Drawn[][] = [];
  private readonly future: Drawn[][] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saving: Promise<void> | null = null;

  constructor(draft: Draft) {
    this.draft = signal(draft);
    this.features = signal(draft.features);
  }

  find(id: string | null): Drawn | null {
    return this.features.value.find((one) => one.properties.id === id) ?? null;
  }

  isNew(id: string): boolean {
    return !this.draft.value.base_features.some((one) => one.properties.id === id);
  }

  /** A step that undo takes back; what follows it at once on the same field belongs to it. */
  change(features: Drawn[]): void {
    this.past.push(this.features.value);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future.length = 0;
    this.put(features);
  }

  give(id: string, properties: Partial<DrawnProperties>): void {
    this.replace(id, (one) => ({ ...one, properties: { ...one.properties, ...properties } }));
  }

  reshape(id: string, geometry: Shape): void {
    const known = this.find(id);
    if (!known || shapeKey(known.geometry) === shapeKey(geometry)) return;
    this.replace(id, (one) => ({ ...one, geometry }));
  }

  rename(id: string, next: string): void {
    this.replace(id, (one) => ({ ...one, id: next, properties: { ...one.properties, id: next } }));
    this.selected.value = next;
  }

  add(zone: Drawn): void {
    this.change([...this.features.value, zone]);
    this.selected.value = zone.properties.id;
  }

  remove(id: string): void {
    this.change(this.features.value.filter((one) => one.properties.id !== id));
    this.selected.value = null;
  }

  undo(): void {
    this.step(this.past, this.future);
  }

  redo(): void {
    this.step(this.future, this.past);
  }

  /** What the server made of the draft by another way than being drawn. */
  take(draft: Draft): void {
    this.past.push(this.features.value);
    this.draft.value = draft;
    this.features.value = draft.features;
    this.count();
  }

  /** Resolves when everything drawn is with the server. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    while (this.unsaved.value && this.wrong.value === null) await this.save();
  }

  private replace(id: string, change: (one: Drawn) => Drawn): void {
    this.change(this.features.value.map((one) => (one.properties.id === id ? change(one) : one)));
  }

  private step(from: Drawn[][], to: Drawn[][]): void {
    const features = from.pop();
    if (!features) return;
    to.push(this.features.value);
    this.put(features);
    if (!this.find(this.selected.value)) this.selected.value = null;
  }

  private put(features: Drawn[]): void {
    this.features.value = features;
    this.unsaved.value = true;
    this.wrong.value = null;
    this.count();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), SETTLED_MS);
  }

  private count(): void {
    this.steps.value = { back: this.past.length, forth: this.future.length };
  }

  private save(): Promise<void> {
    this.saving ??= this.send().finally(() => {
      this.saving = null;
    });
    return this.saving;
  }

  private async send(): Promise<void> {
    const sent = this.features.value;
    const { id, revision } = this.draft.value;
    try {
      this.draft.value = await saveDraft(id, revision, sent);
    } catch (error) {
      this.wrong.value = error;
      return;
    }
    if (this.features.value === sent) this.unsaved.value = false;
    else this.timer = setTimeout(() => void this.save(), SETTLED_MS);
  }
}
