// What the webhook routes need of the rest: who may send what to which environment, and where it is put.
import type { Result } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
import type { Received } from "../../core/signals/event.ts";

export const vias = ["alertmanager", "sentry", "stripe", "pagerduty", "github", "slack", "generic"] as const;
export type Via = (typeof vias)[number];

/** One sender that one environment listens to. */
export type HookWay = {
  readonly env: string;
  /** Read when it is needed, so that changing it needs no restart. */
  secret(): Promise<Result<Secret>>;
  /** Durable when it returns; see `Inbox.take`. */
  take(deliveries: readonly Received[]): "taken" | "known" | "full";
};

export type HookDesk = {
  /** Environments that listen to this sender. */
  ways(via: Via): readonly HookWay[];
};

/** A request as it came: signatures are over its bytes. */
export type Request = {
  readonly raw: Uint8Array;
  header(name: string): string | undefined;
};

/** A delivery, of whatever environment it will be. */
export type Delivery = Omit<Received, "env" | "via">;

export type Read = {
  readonly deliveries: readonly Delivery[];
  /** What the sender wants to read; nothing special otherwise. */
  readonly answer?: { readonly status: 200 | 202; readonly body: Readonly<Record<string, string>> };
};

/** How one sender proves itself, and what it says. */
export type Sender = {
  /** Null: it knows the secret. Otherwise why not, without a word about the secret. */
  refuse(request: Request, secret: Secret, nowMs: number): string | null;
  /** Only what was believed is read. `usage` where this is not what such a sender writes. */
  read(request: Request, nowMs: number): Result<Read>;
};
