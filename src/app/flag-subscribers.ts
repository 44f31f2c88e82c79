// Who listens to an environment's flags right now, which version each has confirmed, and waiting for all of them.
import { limits } from "../core/flags/limits.ts";
import type { Clock } from "../ports/clock.ts";

/** How a process calls itself. Its own words: shown, never trusted. */
export type Process = {
  readonly instance: string;
  readonly name: string;
  /** `flags`, `env`, or a stock client's name. */
  readonly kind: string;
  readonly host: string;
  readonly pid: number;
};

/** The way to one subscriber. */
export type Line = {
  write(text: string): void;
  /** Bytes that wait to be sent. */
  backlog(): number;
  end(): void;
};

export type Subscriber = Process & {
  readonly key: string;
  /** Version that it has confirmed; 0: none. */
  readonly version: number;
  readonly connected: boolean;
  /** Since when it is away, monotonic milliseconds; null while it is connected. */
  readonly awaySinceMs: number | null;
};

export type Confirmation = {
  readonly confirmed: readonly string[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  /** From the call to the last confirmation, or to giving up. */
  readonly ms: number;
};

/** Who is still to confirm a version. */
type Waiting = { readonly version: number; readonly pending: Set<string>; enough(): void };

type Entry = {
  process: Process;
  key: string;
  version: number;
  line: Line | null;
  awaySinceMs: number | null;
};

/** The subscribers of one environment; owns their connections. */
export class Subscribers {
  readonly #clock: Clock;
  readonly #ended: (process: Process) => boolean;
  readonly #all = new Map<string, Entry>();
  readonly #waiting = new Set<Waiting>();

  /** `ended`: is it known that this process does not run any more? False where that cannot be told. */
  constructor(clock: Clock, ended: (process: Process) => boolean) {
    this.#clock = clock;
    this.#ended = ended;
  }

  /** Null where too many listen already. A second connection of the same instance takes the place of the first. */
  join(process: Process, key: string, line: Line): { leave(): void } | null {
    this.#forget();
    const former = this.#all.get(process.instance);
    if (!former && this.#all.size >= limits.subscribers) return null;
    former?.line?.end();
    const entry: Entry = { process, key, version: 0, line, awaySinceMs: null };
    this.#all.set(process.instance, entry);
    return {
      leave: () => {
        if (entry.line === null) return;
        entry.line = null;
        entry.awaySinceMs = this.#clock.elapsed();
        this.#forget();
      },
    };
  }

  /** It says itself that it ends. */
  left(instance: string): void {
    const line = this.#all.get(instance)?.line;
    this.#drop(instance);
    line?.end();
  }

  /** False where no such instance is known. */
  applied(instance: string, version: number): boolean {
    const entry = this.#all.get(instance);
    if (!entry) return false;
    if (version > entry.version) entry.version = version;
    for (const one of this.#waiting) if (version >= one.version) settle(one, instance);
    return true;
  }

  /** The same text to everybody. Who cannot keep up is cut off, and gets everything when it is back. */
  tell(text: string): void {
    for (const { line } of this.#all.values()) {
      if (line === null) continue;
      if (line.backlog() > limits.backlogBytes) line.end();
      else line.write(text);
    }
  }

  list(): readonly Subscriber[] {
    this.#forget();
    return [...this.#all.values()].map(({ process, key, version, line, awaySinceMs }) => {
      return { ...process, key, version, connected: line !== null, awaySinceMs };
    });
  }

  /** Resolves when everybody who was there at the call has this version, or after `withinMs` with the names of the others. */
  async confirmed(version: number, withinMs: number, signal: AbortSignal): Promise<Confirmation> {
    this.#forget();
    const begun = this.#clock.elapsed();
    const asked = [...this.#all.keys()];
    const behind = (instance: string) => (this.#all.get(instance)?.version ?? 0) < version;
    const enough = new AbortController();
    const one: Waiting = { version, pending: new Set(asked.filter(behind)), enough: () => enough.abort() };
    this.#waiting.add(one);
    if (one.pending.size > 0) await this.#clock.sleep(withinMs, AbortSignal.any([enough.signal, signal]));
    this.#waiting.delete(one);
    const ms = this.#clock.elapsed() - begun;
    const now = asked.flatMap((instance) => this.#all.get(instance) ?? []);
    return {
      ms,
      confirmed: now.filter((entry) => entry.version >= version).map(({ process }) => process.name),
      missing: now
        .filter((entry) => entry.version < version)
        .map(({ process, line }) => ({ name: process.name, why: line ? mute : gone })),
    };
  }

  endKey(key: string): void {
    for (const entry of this.#all.values()) if (entry.key === key) entry.line?.end();
  }

  endAll(): void {
    for (const { line } of this.#all.values()) line?.end();
  }

  /** What ended, or is away for long, is not waited for. */
  #forget(): void {
    for (const [instance, { process, awaySinceMs }] of this.#all) {
      if (awaySinceMs === null) continue;
      if (this.#clock.elapsed() - awaySinceMs > limits.awayMs || this.#ended(process)) this.#drop(instance);
    }
  }

  #drop(instance: string): void {
    this.#all.delete(instance);
    for (const one of this.#waiting) settle(one, instance);
  }
}

const mute = "it is connected, but does not answer";
const gone = "its connection is gone: it ended, or is cut off";

function settle({ pending, enough }: Waiting, instance: string): void {
  if (pending.delete(instance) && pending.size === 0) enough();
}
