// Expected failures are values. Exceptions are for bugs and for the journal's fail-stop only.

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };
export type Result<T, E = Problem> = Ok<T> | Err<E>;

/**
 * An expected failure, told so that a tired person can act on it.
 * `code` is stable and machine-readable; `what` says what happened; `next` is the next step to take.
 */
export type Problem = {
  readonly code: ProblemCode;
  readonly what: string;
  readonly where?: string;
  readonly next: string;
};

/** Every code that a problem can carry; the reference page lists them with their exit codes. */
export type ProblemCode =
  | "usage"
  | "config"
  | "missing"
  | "no-space"
  | "read-only"
  | "port-in-use"
  | "unreachable"
  | "unhealthy"
  | "timeout"
  | "cancelled"
  | "conflict"
  | "fenced"
  | "refused"
  | "quarantined"
  | "busy"
  | "needs-person"
  | "damaged"
  | "failed";

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

export function problem(code: ProblemCode, what: string, next: string, where?: string): Err<Problem> {
  return err(where === undefined ? { code, what, next } : { code, what, next, where });
}

/** A broken assumption of our own: always a bug, never a state of the world. */
export class Bug extends Error {
  override name = "Bug";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}
