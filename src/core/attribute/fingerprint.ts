// What a failure looks like: status class, route and the upstream that it names. Tells new trouble from old.

/** Failures by fingerprint, and the requests that they were counted among. Plain data. */
export type Failing = { requests: number; readonly by: Record<string, number> };

/** Distinct fingerprints that are kept; further ones are counted together. */
export const fingerprintLimit = 200;
const others = "others";
/** A fingerprint is no news while it is at most so many times as frequent as before. */
const asOften = 2;

export type Failure = { readonly status: number; readonly route: string; readonly upstream?: string };

export function startFailing(): Failing {
  return { requests: 0, by: Object.create(null) as Record<string, number> };
}

/** `5xx /pay api.stripe.example`; 502 to 504 are gateway errors, which point elsewhere. */
export function fingerprint({ status, route, upstream }: Failure): string {
  const kind = status >= 502 && status <= 504 ? "gateway" : `${Math.floor(status / 100)}xx`;
  return upstream === undefined ? `${kind} ${route}` : `${kind} ${route} ${upstream}`;
}

/** CHANGES `failing`. */
export function countFailure(failing: Failing, failure: Failure): void {
  const key = fingerprint(failure);
  const known = failing.by[key];
  if (known !== undefined) failing.by[key] = known + 1;
  else {
    const full = Object.keys(failing.by).length >= fingerprintLimit;
    const to = full ? others : key;
    failing.by[to] = (failing.by[to] ?? 0) + 1;
  }
}

/** Share of the failures now that are new or clearly more frequent than before; null: nothing failed. */
export function newShare(before: Failing, now: Failing): number | null {
  const all = total(now);
  if (all === 0 || now.requests === 0) return null;
  const known = Object.entries(now.by).filter(([key, count]) => {
    const former = before.by[key] ?? 0;
    return before.requests > 0 && count / now.requests <= (asOften * former) / before.requests;
  });
  return 1 - known.reduce((sum, [, count]) => sum + count, 0) / all;
}

/** The upstream that most gateway errors name, and their share of all failures; null: none names one. */
export function pointsOutside(now: Failing): { readonly upstream: string; readonly share: number } | null {
  const byUpstream = new Map<string, number>();
  for (const [key, count] of Object.entries(now.by)) {
    const [kind, , upstream] = key.split(" ");
    if (kind !== "gateway" || upstream === undefined) continue;
    byUpstream.set(upstream, (byUpstream.get(upstream) ?? 0) + count);
  }
  const most = [...byUpstream].sort((a, b) => b[1] - a[1])[0];
  return most ? { upstream: most[0], share: most[1] / total(now) } : null;
}

/** Share of the failures on such routes; 0 where nothing failed. */
export function shareOnRoutes(now: Failing, isOn: (route: string) => boolean): number {
  const all = total(now);
  const on = Object.entries(now.by).filter(([key]) => isOn(key.split(" ")[1] ?? ""));
  return all === 0 ? 0 : on.reduce((sum, [, count]) => sum + count, 0) / all;
}

function total({ by }: Failing): number {
  return Object.values(by).reduce((sum, count) => sum + count, 0);
}
