// Requests of muted clients: never evidence, but a release whose clients fail again and again is not healthy.

/** Clients whose repeats are counted each; those of further ones are only summed up. */
export const repeatLimit = 10_000;

/** Plain data. */
export type Repeats = {
  requests: number;
  errors: number;
  clients: number;
  readonly errorsByClient: Record<string, number>;
};

export function startRepeats(): Repeats {
  return {
    requests: 0,
    errors: 0,
    clients: 0,
    errorsByClient: Object.create(null) as Record<string, number>,
  };
}

/** A muted client asked again. CHANGES `repeats`. */
export function countRepeat(repeats: Repeats, client: string, ok: boolean): void {
  repeats.requests += 1;
  if (ok) return;
  repeats.errors += 1;
  const before = repeats.errorsByClient[client];
  if (typeof before === "number") repeats.errorsByClient[client] = before + 1;
  else if (repeats.clients < repeatLimit) {
    repeats.errorsByClient[client] = 1;
    repeats.clients += 1;
  }
}

/** Failures of the client that has most. */
export function worstRepeats(repeats: Repeats): number {
  return Object.values(repeats.errorsByClient).reduce((a, b) => Math.max(a, b), 0);
}

/** Repeated failures without those of the client that has most: one retrying client is no reason to doubt a release. */
export function errorsWithoutWorst(repeats: Repeats): number {
  return repeats.errors - worstRepeats(repeats);
}
