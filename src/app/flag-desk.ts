// The flags of every environment, live: definitions, switches from the journal, and everybody who listens.
import type { Method } from "../core/decide/policy.ts";
import { readDefinitions } from "../core/flags/definition.ts";
import { limits } from "../core/flags/limits.ts";
import { mistakesText } from "../core/flags/mistake.ts";
import { type Flag, type FlagSet, noFlags } from "../core/flags/model.ts";
import { effectiveFlags } from "../core/flags/override.ts";
import { deltaOf, type Ruleset } from "../core/flags/ruleset.ts";
import type { FlagState } from "../core/flags/state.ts";
import { variables } from "../core/flags/variables.ts";
import type { Problem, Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { Ledger } from "../engine/ledger.ts";
import type { Clock } from "../ports/clock.ts";
import type { Evaluated, FlagBook, FlagEvaluator, FlagMirror, FlagSource } from "../ports/flags.ts";
import { openCounts } from "./flag-counts.ts";
import { takeForeign } from "./flag-mirror.ts";
import { openPages } from "./flag-pages.ts";
import { type Confirmation, type Process, Subscribers } from "./flag-subscribers.ts";

/** Where an environment's flags come from and go to. */
export type FlagPlace = {
  readonly source: FlagSource | null;
  readonly mirrors: readonly FlagMirror[];
  /** May a switch that hurts be taken back without a person? */
  readonly undo: Method;
};

export type FlagDeps = {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly evaluator: FlagEvaluator;
  /** 32 random bytes or more, as letters, digits, - and _. */
  readonly secret: () => string;
  /** Is it known that this process does not run any more? */
  readonly ended: (process: Process) => boolean;
  /** What an instance was started with, of these variables; null where that cannot be seen. */
  readonly startedWith: (
    instance: string,
    variables: readonly string[],
  ) => Promise<ReadonlyMap<string, string> | null>;
  /** Set variables in a running instance, through its inspector; `refused` where that is not safe. */
  readonly setLive: (instance: string, variables: ReadonlyMap<string, string>) => Promise<Result<void>>;
  /** Source files below a folder. */
  readonly sources: (folder: string) => Promise<readonly { readonly file: string; readonly text: string }[]>;
};

export type FlagDesk = {
  /** Null where the environment has no flags. */
  env(name: string): EnvFlags | null;
  envs(): readonly EnvFlags[];
  /** Fresh randomness for a key. */
  secret(): string;
  readonly startedWith: FlagDeps["startedWith"];
  readonly sources: FlagDeps["sources"];
  readonly setLive: FlagDeps["setLive"];
  /** Read definitions and mirrors, lift what is over. Called every second by whoever stays, and once by a command. */
  look(): Promise<void>;
  /** A sign of life to all subscribers. */
  beat(): void;
  close(): void;
};

export function openFlagDesk(deps: FlagDeps, places: ReadonlyMap<string, FlagPlace>): FlagDesk {
  const envs = new Map([...places].map(([env, place]) => [env, new EnvFlags(deps, env, place)]));
  const hush = deps.ledger.listen((event) => {
    if (event.type.startsWith("flag.") && "env" in event.data) envs.get(event.data.env)?.refresh();
  });
  return {
    env: (name) => envs.get(name) ?? null,
    envs: () => [...envs.values()],
    secret: deps.secret,
    startedWith: deps.startedWith,
    sources: deps.sources,
    setLive: deps.setLive,
    async look() {
      for (const env of envs.values()) await env.look();
    },
    beat() {
      for (const env of envs.values()) env.beat();
    },
    close() {
      hush();
      for (const env of envs.values()) env.hangUp();
    },
  };
}

/** The flags of one environment; owns the connections of everybody who listens to them. */
export class EnvFlags {
  readonly name: string;
  readonly undo: Method;
  readonly book: FlagBook;
  readonly subscribers: Subscribers;
  readonly pages = openPages();
  readonly counts = openCounts();
  readonly #deps: FlagDeps;
  readonly #place: FlagPlace;
  #defined: FlagSet = noFlags;
  #trouble: Problem | null = null;
  #refused = "";
  #ruleset: Ruleset;
  #full: string | null = null;
  #mirroring: Promise<void> = Promise.resolve();
  /** Before what stands in the files was looked at, nothing is written over it. */
  #adopted = false;

  constructor(deps: FlagDeps, name: string, place: FlagPlace) {
    this.name = name;
    this.undo = place.undo;
    this.#deps = deps;
    this.#place = place;
    this.subscribers = new Subscribers(deps.clock, deps.ended);
    this.book = bookOf(this, deps.ledger);
    this.#ruleset = { version: this.state().version, flags: new Map() };
  }

  state(): FlagState {
    return envState(this.#deps.ledger.state(), this.name).flags;
  }

  /** As defined, without switches. */
  flags(): FlagSet["flags"] {
    return this.#defined.flags;
  }

  /** As everybody evaluates them. */
  ruleset(): Ruleset {
    return this.#ruleset;
  }

  /** What is wrong with the definitions or their mirrors; null while all is well. */
  trouble(): Problem | null {
    return this.#trouble;
  }

  /** After a fact: tell subscribers what changed. Synchronous, so that nothing lies between the disk and the sockets. */
  refresh(): void {
    const next = this.#current();
    if (next.version === this.#ruleset.version && next.flags.size === this.#ruleset.flags.size) return;
    const delta = deltaOf(this.#ruleset, next);
    this.#publish(next, event("delta", JSON.stringify(delta)));
    if (this.#adopted) this.#mirrorLater();
  }

  /** Read definitions and mirrors, lift what is over. */
  async look(): Promise<void> {
    await this.#readSource();
    this.#liftWhatIsOver();
    await this.#mirroring;
    this.#adopted = true;
    for (const one of this.#place.mirrors) await takeForeign(this.book, one, variables(this.#ruleset.flags));
    // What was lost on the way, or never there, is written now.
    this.#mirrorLater();
    await this.#mirroring;
  }

  /** The whole state as an event of the stream. */
  full(): string {
    const { version, flags } = this.#ruleset;
    const epoch = this.#deps.ledger.journal.epoch();
    this.#full ??= event("full", JSON.stringify({ epoch, version, flags: Object.fromEntries(flags) }));
    return this.#full;
  }

  /** For pages: ask again. */
  refetch(): string {
    const { version } = this.#ruleset;
    const lastModified = Math.floor(this.#deps.clock.now() / 1_000);
    const data = { type: "refetchEvaluation", etag: String(version), lastModified };
    return `id: ${version}\n${event("message", JSON.stringify(data))}`;
  }

  evaluate(name: string, flag: Flag, context: Readonly<Record<string, unknown>>): Evaluated {
    return this.#deps.evaluator.evaluate(name, flag, context);
  }

  beat(): void {
    this.subscribers.tell(event("beat", JSON.stringify({ version: this.#ruleset.version })));
    this.pages.tell(": beat\n\n");
  }

  confirmed(version: number, signal: AbortSignal): Promise<Confirmation> {
    return this.subscribers.confirmed(version, limits.confirmMs, signal);
  }

  /** Resolves when mirrors have what was last switched. */
  mirrored(): Promise<void> {
    return this.#mirroring;
  }

  mirrors(): readonly string[] {
    return this.#place.mirrors.map((one) => one.name);
  }

  /** What the mirrors say now; one that cannot be read says nothing. */
  async files(): Promise<
    readonly { readonly name: string; readonly variables: ReadonlyMap<string, string> }[]
  > {
    const names = [...variables(this.#ruleset.flags).keys()];
    const reads = this.#place.mirrors.map(async (one) => ({ name: one.name, read: await one.read(names) }));
    const all = await Promise.all(reads);
    return all.flatMap(({ name, read }) => (read.ok ? [{ name, variables: read.value }] : []));
  }

  /** A key was revoked: whoever came with it is cut off. */
  endKey(key: string): void {
    this.subscribers.endKey(key);
    this.pages.endKey(key);
  }

  hangUp(): void {
    this.subscribers.endAll();
    this.pages.endAll();
  }

  #current(): Ruleset {
    const { version, overrides } = this.state();
    return { version, flags: effectiveFlags(this.#defined.flags, overrides) };
  }

  #publish(next: Ruleset, text: string | null): void {
    this.#ruleset = next;
    this.#full = null;
    this.subscribers.tell(text ?? this.full());
    this.pages.tell(this.refetch());
  }

  #mirrorLater(): void {
    this.#mirroring = this.#mirroring.then(() => this.#mirror());
  }

  async #mirror(): Promise<void> {
    for (const one of this.#place.mirrors) {
      const written = await one.write(variables(this.#ruleset.flags), this.#ruleset.version);
      if (!written.ok) this.#trouble = written.error;
    }
  }

  async #readSource(): Promise<void> {
    if (!this.#place.source) return;
    const read = await this.#place.source.read();
    if (!read.ok) this.#trouble = read.error;
    if (!read.ok || read.value === null) return;
    const set = readDefinitions(read.value);
    if (set.ok) this.#accept(set.value);
    else this.#refuse(mistakesText(set.error));
  }

  #refuse(what: string): void {
    this.#trouble = { code: "config", what, next: "Mend the file; the former definitions count until then." };
    if (this.#refused === what) return;
    this.#refused = what;
    const why = what.slice(0, limits.refusalLetters);
    this.#deps.ledger.record([
      { type: "flag.definitions-refused", data: { env: this.name, digest: "", why } },
    ]);
  }

  #accept(set: FlagSet): void {
    const changed = deltaOf({ version: 0, flags: this.#defined.flags }, { version: 0, flags: set.flags });
    this.#trouble = null;
    this.#refused = "";
    this.#defined = set;
    // Known from an earlier life: the version stays.
    if (this.state().digest === set.digest) {
      this.#publish(this.#current(), null);
      return;
    }
    const names = [...Object.keys(changed.set), ...changed.gone].slice(0, 100);
    const data = { env: this.name, digest: set.digest, count: set.flags.size, changed: names };
    this.#deps.ledger.record([{ type: "flag.definitions-changed", data }]);
  }

  #liftWhatIsOver(): void {
    const { ledger, clock } = this.#deps;
    for (const [flag, { until }] of Object.entries(this.state().overrides)) {
      if (until === null || until > clock.now()) continue;
      const data = {
        env: this.name,
        flag,
        by: "its time",
        why: "the switch was to last until now",
        op: null,
      };
      ledger.record([{ type: "flag.lifted", data }]);
    }
  }
}

function bookOf(env: EnvFlags, ledger: Ledger): FlagBook {
  return {
    flags: () => env.flags(),
    state: () => env.state(),
    epoch: () => ledger.journal.epoch(),
    change(change) {
      const from = env.state().overrides[change.flag]?.variant ?? null;
      ledger.record([{ type: "flag.switched", data: { env: env.name, ...change, from } }]);
    },
  };
}

function event(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
