// Times as people write them in flags and on the command line: `30s`, `10m`, `2h`, `5d`.

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; null where it is no whole number from 1 with a unit. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  return amount === undefined ? null : Number(amount) * unitsMs[unit as keyof typeof unitsMs];
}
