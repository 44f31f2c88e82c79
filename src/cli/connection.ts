// How the CLI reaches a controller: a running one over its socket, or one of its own for this command.
import type { CallInput, CallName } from "../app/calls.ts";
import type { Hosts } from "../app/hosts.ts";
import type { InitPlan } from "../app/init/init.ts";
import type { LogsInput } from "../app/logs.ts";
import type { ReplayWish } from "../app/replay.ts";
import type { Event } from "../core/event.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { Progressed } from "../core/view/progress.ts";

export type Progress = {
  /** Measured durations by step kind and plan kind, for estimates. */
  durations(measured: Readonly<Record<string, readonly number[]>>): void;
  event(event: Event): void;
  /** How far a long act is; not a fact. */
  progressed?(progressed: Progressed): void;
};

export type Connection = {
  call<N extends CallName>(name: N, input: CallInput<N>, progress: Progress): Promise<Outcome>;
};

/** What the composition root hands in. Loaded only when a command needs it: `--help` stays quick. */
export type Edges = {
  /** Of the package. */
  readonly version: string;
  connect(options: { readonly config: string; readonly takeOver: boolean }): Promise<Result<Connection>>;
  serve(options: {
    readonly config: string;
    readonly takeOver: boolean;
    readonly say: (line: string) => void;
  }): Promise<Result<void>>;
  demo(options: {
    readonly json: boolean;
    /** An example stack in real containers; null: embedded. */
    readonly stack: "hummii" | "hibachi" | null;
    readonly say: (line: string) => void;
  }): Promise<{ readonly exit: number; readonly document: unknown }>;
  exampleConfig(): Promise<string>;
  checkConfig(path: string): Promise<Result<string>>;
  journal(options: { readonly config: string }): Promise<Result<JournalCare>>;
  replay(wish: ReplayWish, say: (line: string) => void): Promise<Outcome>;
  init(config: string): Promise<Result<InitPlan>>;
  hosts(options: { readonly config: string }): Promise<Result<Hosts>>;
  bedside(options: { readonly config: string }): Promise<Result<Bedside>>;
};

/** Care for a journal whose controller is not running: look at damage, and put it aside. */
export type JournalCare = { verify(): Outcome; rebuild(acceptLoss: boolean): Outcome };

/** Looks that need neither a controller nor the journal's lock. */
export type Bedside = {
  /** `env` null: all environments. */
  doctor(env: string | null): Promise<Outcome>;
  logs(input: LogsInput): Promise<Outcome>;
};
