// The sentences and figures of findings, for a tired person at 3 a.m.

/** Two digits that matter: `0.06 %`, `5.0 %`, `12.5 %`, `100 %`. Never `100 %` or `0 %` unless it is exactly that. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value > 99.9) return "99.9 %";
  if (value >= 10) return `${trim(value.toFixed(1))} %`;
  if (value >= 1) return `${value.toFixed(1)} %`;
  return `${Number(value.toPrecision(2))} %`;
}

/** A threshold, without needless digits: `1 %`, `1.38 %`. */
export function limit(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A rough number: two digits, the rest is noise. */
export function about(value: number): string {
  return `about ${count(Number(value.toPrecision(2)))}`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

const hourS = 3_600;
const dayS = 24 * hourS;

/** A rough time: `about 40 min`, `about 9.8 h`, `about 12 days`. */
function roughly(seconds: number): string {
  if (seconds < hourS) return about(seconds / 60).concat(" min");
  if (seconds < 2 * dayS) return about(seconds / hourS).concat(" h");
  return about(seconds / dayS).concat(" days");
}

/** Where so many more take longer than the watch, how long: ` (…)`; nothing where they don't, or nobody knows. */
export function atThisTraffic(
  more: number,
  seen: { readonly requests: number; readonly nowS: number; readonly horizonS: number },
): string {
  if (seen.requests === 0 || seen.nowS <= 0) return "";
  const seconds = (more * seen.nowS) / seen.requests;
  if (seen.nowS + seconds <= seen.horizonS) return "";
  return ` (${roughly(seconds)} at this traffic, so the time of this watch is too short to decide it)`;
}

export function plural(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? "" : "s"}`;
}

/** `41 of 812 requests failed (5.0 %)`; `what` is the singular. */
export function failed(errors: number, requests: number, what: string): string {
  return `${count(errors)} of ${plural(requests, what)} failed (${percent(errors / requests)})`;
}

/**
 * From when seconds are counted. Of a watch it is the deploy (null); outside of watches wall-clock milliseconds, as nobody
 * knows when such a round began.
 */
export type Anchor = number | null;

/** How unlikely a healthy release is to reach this evidence even once. */
export function healthyChance(needed: number, anchor: Anchor = null): string {
  const looks =
    anchor === null ? "a healthy release ever looks like this" : "it looks like this while nothing is wrong";
  return `the chance that ${looks} is below 1 in ${count(Math.floor(needed))}`;
}

/** `14:05 UTC` */
export function clockTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 16)} UTC`;
}

/** When it began, as the end of a clause. */
export function began(onsetS: number | null, anchor: Anchor = null): string {
  if (anchor !== null) return `since about ${clockTime(anchor + (onsetS ?? 0) * 1_000)}`;
  return onsetS === null || onsetS < 1
    ? "from the deploy on"
    : `since about ${duration(onsetS)} after the deploy`;
}

function trim(digits: string): string {
  return digits.replace(/\.0$/, "");
}
