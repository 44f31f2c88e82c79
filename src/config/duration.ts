// Durations and shares as people write them: `500ms`, `30s`, `5m`, `1h`, `1%`.

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `30s` → 30000 milliseconds; null where it is not a whole number with a unit. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs];
}

/** 90000 milliseconds → `90s`: the largest unit that leaves no rest. */
export function durationText(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (ms > 0 && ms % unitsMs[unit] === 0) return `${ms / unitsMs[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** `1%` → 0.01; null where it is no percentage. */
export function parseShare(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text);
  return match === null ? null : Number(match[1]) / 100;
}
