// All flags that are known, and which state of the service they are.
import { Entry } from "./entry.ts";
import type { Delta, Full } from "./types.ts";

export class Table {
  readonly entries = new Map<string, Entry>();
  version = 0;
  epoch = 0;
  /** Flags whose state may be too old one day, with that age in milliseconds. */
  #aging: (readonly [Entry, number])[] = [];
  #aged = new Map<string, Entry>();

  /** Everything anew. Counts and defaults of flags that stay are kept. */
  replace({ epoch, version, flags }: Full): void {
    const before = new Map([...this.entries].map(([name, entry]) => [name, this.#aged.get(name) ?? entry]));
    this.entries.clear();
    this.#aged.clear();
    for (const name of Object.keys(flags)) this.#set(name, flags, before.get(name));
    this.version = version;
    this.epoch = epoch;
    this.#findAging();
  }

  /** False where it does not fit: then everything must be asked for. */
  apply(delta: Delta): boolean {
    if (delta.from !== this.version || delta.version < this.version) return false;
    this.fresh();
    for (const name of delta.gone) this.entries.delete(name);
    for (const name of Object.keys(delta.set)) this.#set(name, delta.set, this.entries.get(name));
    this.version = delta.version;
    this.#findAging();
    return true;
  }

  /** The state is this old: flags that do not stand that go over to their safe value. Returns how many did. */
  age(ms: number): number {
    let changed = 0;
    for (const [entry, mostMs] of this.#aging) {
      if (ms <= mostMs || this.#aged.has(entry.name)) continue;
      const safe = entry.safeTwin();
      if (!safe) continue;
      this.#aged.set(entry.name, entry);
      this.entries.set(entry.name, safe);
      changed += 1;
    }
    return changed;
  }

  /** The state is of now again. */
  fresh(): void {
    for (const [name, entry] of this.#aged) this.entries.set(name, entry);
    this.#aged.clear();
  }

  isAged(name: string): boolean {
    return this.#aged.has(name);
  }

  #set(name: string, flags: Full["flags"], former: Entry | undefined): void {
    const flag = flags[name];
    if (!flag) return;
    const entry = new Entry(name, flag);
    if (former) {
      entry.codeDefault = former.codeDefault;
      entry.otherDefault = former.otherDefault;
      for (const [variant, count] of Object.entries(former.take() ?? {})) {
        entry.counts ??= new Map();
        entry.counts.set(variant, count);
      }
    }
    this.entries.set(name, entry);
  }

  #findAging(): void {
    this.#aging = [];
    for (const entry of this.entries.values()) {
      if (entry.flag.metadata === undefined) continue;
      const mostMs = entry.maxStaleMs();
      if (mostMs !== null) this.#aging.push([entry, mostMs]);
    }
  }
}

/** Only what has the shape of a state is one; anything else is damage or garbage. */
export function isFull(value: unknown): value is Full {
  if (!isMap(value)) return false;
  const { epoch, version, flags } = value;
  return typeof epoch === "number" && typeof version === "number" && areFlags(flags);
}

export function isDelta(value: unknown): value is Delta {
  if (!isMap(value)) return false;
  const { from, version, set, gone } = value;
  return typeof from === "number" && typeof version === "number" && areFlags(set) && Array.isArray(gone);
}

function areFlags(flags: unknown): boolean {
  if (!isMap(flags)) return false;
  for (const name of Object.keys(flags)) {
    const flag = flags[name];
    if (!isMap(flag) || !isMap(flag["variants"])) return false;
  }
  return true;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
