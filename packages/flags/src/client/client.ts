// The client that apps hold: answers at once from memory, keeps itself up to date, and never fails into the app.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { defaultStateFile, loadState, saveState } from "./disk.ts";
import type { Entry } from "./entry.ts";
import { Link } from "./link.ts";
import { Table } from "./table.ts";
import {
  type Context,
  type Delta,
  type Details,
  type FlagValue,
  type Full,
  realTimers,
  type Status,
  type Timers,
  type WireFlag,
} from "./types.ts";
import { type Wire, wire } from "./wire.ts";

export type FlagsOptions = {
  /** Where the controller listens, e.g. `http://127.0.0.1:7420`. */
  readonly url: string;
  /** An SDK key of the environment: `lastgood flag key add`. */
  readonly key: string;
  /** How this process is called in confirmations: `web-1`. Default: its host name and process id. */
  readonly name?: string;
  /** Where the last state is kept; null: nowhere. Default: a folder of this user among the temporary files. */
  readonly stateFile?: string | null;
  /** The longest that `ready()` waits for the service. Default 500 ms. */
  readonly waitMs?: number;
  /** Joined to the context of every evaluation. */
  readonly context?: Context;
  /** `flags` or `env`: what kind of reader this is, for the doctor. */
  readonly kind?: string;
  readonly timers?: Timers;
  /** Called when the state changed, went stale or came back; what it throws is ignored. */
  readonly onEvent?: (event: FlagEvent) => void;
};

export type FlagEvent =
  | { readonly type: "changed"; readonly version: number; readonly flags: readonly string[] }
  | { readonly type: "stale"; readonly why: string }
  | { readonly type: "fresh"; readonly version: number }
  | { readonly type: "trouble"; readonly why: string };

const countEveryMs = 60_000;
const postMs = 3_000;
const ackAgainMs = 250;
const nothing: Context = {};

export class FlagClient {
  readonly #options: FlagsOptions;
  readonly #timers: Timers;
  readonly #table = new Table();
  readonly #entries = this.#table.entries;
  readonly #wire: Wire;
  readonly #link: Link;
  readonly #file: string | null;
  readonly #instance = randomUUID();
  readonly #waiting = new Set<() => void>();
  readonly #unknown = new Map<string, number>();
  readonly #listeners = new Set<(event: FlagEvent) => void>();
  #source: Status["source"] = "none";
  #wanted = 0;
  #acked = 0;
  #acking = false;
  #saving: Promise<void> | null = null;
  #saved = 0;
  readonly #cancels = new Set<() => void>();
  #closed = false;

  constructor(options: FlagsOptions) {
    this.#options = options;
    this.#timers = options.timers ?? realTimers;
    this.#file =
      options.stateFile === undefined ? defaultStateFile(options.url, options.key) : options.stateFile;
    if (options.onEvent) this.#listeners.add(options.onEvent);
    this.#wire = wire(options.url, options.key);
    this.#link = new Link(this.#wire, this.#timers, {
      full: (full) => this.#replace(full),
      delta: (delta) => this.#apply(delta),
      beat: (version) => version === this.#table.version,
      stale: (why) => this.#stale(why),
      fresh: () => this.#fresh(),
      epoch: () => this.#table.epoch,
      headers: () => this.#headers(),
    });
    this.#load();
    this.#link.start();
    this.#countLater();
  }

  /** Is this flag on? `otherwise` counts where nothing is known of it. About 10 ns where it has no rules. */
  isOn(name: string, otherwise = false, context: Context = nothing): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return this.#missing(name, otherwise);
    if (entry.codeDefault !== otherwise) noteDefault(entry, otherwise);
    if (entry.plain) {
      entry.hits += 1;
      return entry.on;
    }
    return this.#details(entry, otherwise, context).value;
  }

  /** The value of any kind of flag; `otherwise` also says which kind is expected. */
  value<T extends FlagValue>(name: string, otherwise: T, context: Context = nothing): T {
    return this.details(name, otherwise, context).value;
  }

  /** The value, its variant, and why it is that one. */
  details<T extends FlagValue>(name: string, otherwise: T, context: Context = nothing): Details<T> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const errorMessage = `there is no flag ${String(name)}`;
      return {
        value: this.#missing(name, otherwise),
        reason: "ERROR",
        errorCode: "FLAG_NOT_FOUND",
        errorMessage,
      };
    }
    if (entry.codeDefault !== otherwise) noteDefault(entry, otherwise);
    return this.#details(entry, otherwise, context);
  }

  /**
   * For the answer header `lastgood-flags`: which variants a request got. Then a switch is judged by comparing those
   * who have it with those who do not. Names that are not known are left out; "" where none is left.
   */
  header(names: readonly string[], context: Context = nothing): string {
    const pairs = names.flatMap((name) => {
      const entry = this.#entries.get(name);
      const [kind] = Object.values(entry?.flag.variants ?? {});
      if (entry === undefined || kind === undefined) return [];
      const { variant } = this.#details(entry, kind, context);
      return variant === undefined ? [] : [`${name}=${variant}`];
    });
    return pairs.join("; ");
  }

  /** Names of all flags that are known. */
  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A flag as the service defines it; null where it is not known. */
  definition(name: string): WireFlag | null {
    return this.#entries.get(name)?.flag ?? null;
  }

  /** Metadata of a flag; empty where it is not known. */
  metadata(name: string): Readonly<Record<string, string | number | boolean>> {
    return this.#entries.get(name)?.flag.metadata ?? {};
  }

  status(): Status {
    const { heardAt, stale, trouble } = this.#link;
    const silentMs = heardAt === null ? null : this.#timers.now() - heardAt;
    return { version: this.#table.version, source: this.#source, stale, silentMs, trouble };
  }

  /** Resolves once the service was heard, or after `waitMs`, whichever is first. Never rejects. */
  ready(): Promise<Status> {
    if (this.#source === "service" || this.#closed) return Promise.resolve(this.status());
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#waiting.delete(done);
        resolve(this.status());
      };
      // By the machine's own time, and not unreferenced: somebody awaits it.
      const timer = setTimeout(done, this.#options.waitMs ?? 500);
      const cancel = () => clearTimeout(timer);
      this.#waiting.add(done);
    });
  }

  onEvent(listener: (event: FlagEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the counts that are left, and lets go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    for (const done of this.#waiting) done();
    this.#wire.closing();
    const bye = this.#source === "service" && !this.#link.stale;
    await this.#tellCounts();
    while (this.#saving) await this.#saving;
    if (bye) await this.#wire.post("flags/v1/left", { instance: this.#instance }, postMs);
    this.#link.close();
    this.#wire.close();
  }

  #details<T extends FlagValue>(entry: Entry, otherwise: T, context: Context): Details<T> {
    try {
      const shared = this.#options.context;
      const whole = shared ? { ...shared, ...context } : (context ?? nothing);
      const details = entry.details(otherwise, whole, nowS);
      return this.#table.isAged(entry.name) ? { ...details, reason: "STALE" } : details;
    } catch (error) {
      return { value: otherwise, reason: "ERROR", errorCode: "GENERAL", errorMessage: String(error) };
    }
  }

  #missing<T>(name: string, otherwise: T): T {
    if (this.#unknown.size < 1_000 || this.#unknown.has(name))
      this.#unknown.set(name, (this.#unknown.get(name) ?? 0) + 1);
    return otherwise;
  }

  #load(): void {
    if (this.#file === null) return;
    const loaded = loadState(this.#file);
    if ("full" in loaded) {
      this.#table.replace(loaded.full);
      this.#source = "disk";
      this.#saved = loaded.full.version;
    } else if (loaded.why.includes("damaged")) this.#emit({ type: "trouble", why: loaded.why });
  }

  #replace(full: Full): void {
    const before = new Map([...this.#entries].map(([name, entry]) => [name, JSON.stringify(entry.flag)]));
    this.#table.replace(full);
    const changed = [...this.#entries.values()].filter(
      (entry) => before.get(entry.name) !== JSON.stringify(entry.flag),
    );
    const gone = [...before.keys()].filter((name) => !this.#entries.has(name));
    this.#changed([...changed.map(({ name }) => name), ...gone]);
  }

  #apply(delta: Delta): boolean {
    if (!this.#table.apply(delta)) return false;
    this.#changed([...Object.keys(delta.set), ...delta.gone]);
    return true;
  }

  #changed(flags: readonly string[]): void {
    this.#source = "service";
    this.#wanted = this.#table.version;
    // Listeners first: what the preload writes must be written when the service is told that it is.
    if (flags.length > 0) this.#emit({ type: "changed", version: this.#table.version, flags });
    void this.#ack();
    this.#save();
    for (const done of this.#waiting) done();
  }

  async #ack(): Promise<void> {
    if (this.#link.confirm(this.#wanted)) this.#acked = this.#wanted;
    if (this.#acking || this.#acked === this.#wanted) return;
    this.#acking = true;
    while (!this.#closed && this.#acked !== this.#wanted) {
      const version = this.#wanted;
      const status = await this.#wire.post("flags/v1/applied", { instance: this.#instance, version }, postMs);
      if (status >= 200 && status < 300) this.#acked = version;
      // Without a stream there is nobody to tell; the next one tells the version with its first words.
      else if (this.#link.stale || status === 404) break;
      else await new Promise<void>((resolve) => this.#after(ackAgainMs, resolve));
    }
    this.#acking = false;
  }

  #save(): void {
    const file = this.#file;
    if (file === null || this.#saving || this.#saved === this.#table.version) return;
    const { version, epoch } = this.#table;
    const flags = Object.fromEntries([...this.#entries].map(([name, entry]) => [name, entry.flag]));
    this.#saving = saveState(file, { epoch, version, flags })
      .then(() => {
        this.#saved = version;
      })
      .catch((error: Error) =>
        this.#emit({ type: "trouble", why: `the state could not be kept: ${error.message}` }),
      )
      .finally(() => {
        this.#saving = null;
        if (this.#saved === version) this.#save();
      });
  }

  #stale(why: string): void {
    this.#emit({ type: "stale", why });
    this.#ageLater();
  }

  #ageLater(): void {
    const silentMs = this.status().silentMs ?? 0;
    if (this.#table.age(silentMs) > 0)
      this.#emit({ type: "changed", version: this.#table.version, flags: this.names() });
    this.#after(1_000, () => {
      if (this.#link.stale) this.#ageLater();
    });
  }

  #fresh(): void {
    this.#table.fresh();
    this.#emit({ type: "fresh", version: this.#table.version });
  }

  #headers(): Record<string, string> {
    const { name = process.env["LASTGOOD_INSTANCE"] ?? `${hostname()}-${process.pid}`, kind = "flags" } =
      this.#options;
    const about = {
      instance: this.#instance,
      name,
      kind,
      host: hostname(),
      pid: process.pid,
      version: this.#table.version,
    };
    return { "lastgood-process": encodeURIComponent(JSON.stringify(about)) };
  }

  #countLater(): void {
    this.#after(countEveryMs, () => {
      void this.#tellCounts();
      this.#countLater();
    });
  }

  async #tellCounts(): Promise<void> {
    const counts: Record<string, unknown> = {};
    const defaults: Record<string, readonly unknown[]> = {};
    for (const entry of this.#entries.values()) {
      const taken = entry.take();
      if (taken) counts[entry.name] = taken;
      const given = [entry.codeDefault, entry.otherDefault].filter((one) => one !== undefined);
      if (taken && given.length > 0) defaults[entry.name] = given;
    }
    const unknown = Object.fromEntries(this.#unknown);
    this.#unknown.clear();
    if (Object.keys(counts).length === 0 && Object.keys(unknown).length === 0) return;
    const body = { instance: this.#instance, counts, defaults, unknown };
    if (this.#source === "service") await this.#wire.post("flags/v1/counts", body, postMs);
  }

  #after(ms: number, act: () => void): void {
    if (this.#closed) return;
    const cancel = this.#timers.after(ms, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
  }

  #emit(event: FlagEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // The app's own mistake must not stop the flags.
      }
    }
  }
}

function noteDefault(entry: Entry, otherwise: unknown): void {
  if (entry.codeDefault === undefined) entry.codeDefault = otherwise;
  else if (entry.otherDefault === undefined) entry.otherDefault = otherwise;
}

function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}
