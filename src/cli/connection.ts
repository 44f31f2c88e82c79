// How the CLI reaches a controller: a running one over its socket, or one of its own for this command.
import type { CallInput, CallName } from "../app/calls.ts";
import type { Event } from "../core/event.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/view/outcome.ts";

export type Progress = {
  /** Measured durations by step kind and plan kind, for estimates. */
  durations(measured: Readonly<Record<string, readonly number[]>>): void;
  event(event: Event): void;
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
    readonly say: (line: string) => void;
  }): Promise<{ readonly exit: number; readonly document: unknown }>;
  exampleConfig(): Promise<string>;
  checkConfig(path: string): Promise<Result<string>>;
  journal(options: { readonly config: string }): Promise<Result<JournalCare>>;
};

/** Care for a journal whose controller is not running: look at damage, and put it aside. */
export type JournalCare = { verify(): Outcome; rebuild(acceptLoss: boolean): Outcome };
