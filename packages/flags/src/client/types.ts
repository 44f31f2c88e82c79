// What the service sends, what apps give and get.
import type { Json } from "../rules/compile.ts";

export type FlagValue = boolean | string | number | { readonly [key: string]: unknown };

/** One flag in flagd's form. */
export type WireFlag = {
  readonly state: "ENABLED" | "DISABLED";
  readonly variants: Readonly<Record<string, FlagValue>>;
  readonly defaultVariant?: string | null;
  readonly targeting?: Json;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
};

export type Full = {
  /** Rises with each start of a controller; a lower one is a controller of the past. */
  readonly epoch: number;
  readonly version: number;
  readonly flags: Readonly<Record<string, WireFlag>>;
};

export type Delta = {
  readonly from: number;
  readonly version: number;
  readonly set: Readonly<Record<string, WireFlag>>;
  readonly gone: readonly string[];
};

/** Who or what a flag is evaluated for. `targetingKey` decides the bucket of percentage roll-outs. */
export type Context = { readonly targetingKey?: string; readonly [key: string]: unknown };

export type Details<T> = {
  readonly value: T;
  readonly variant?: string;
  /** OpenFeature's words: STATIC, TARGETING_MATCH, DEFAULT, DISABLED, STALE, ERROR. */
  readonly reason: string;
  readonly errorCode?: "FLAG_NOT_FOUND" | "TYPE_MISMATCH" | "PARSE_ERROR" | "GENERAL";
  readonly errorMessage?: string;
};

export type Status = {
  /** 0: nothing is known yet. */
  readonly version: number;
  readonly source: "none" | "disk" | "service";
  readonly stale: boolean;
  /** Milliseconds since the service last gave a sign of life; null: never. */
  readonly silentMs: number | null;
  /** Why the newest attempt to reach the service failed; null while it is reached. */
  readonly trouble: string | null;
};

/** Time, so that tests can play hours in milliseconds. */
export type Timers = {
  /** Monotonic, milliseconds. */
  now(): number;
  /** Calls once after `ms`, and never keeps the process alive; returns how to call it off. */
  after(ms: number, act: () => void): () => void;
};

export const realTimers: Timers = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
