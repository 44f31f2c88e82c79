// Times and numbers of access logs, read digit by digit.

const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
const zero = 48;
const newline = 10;

/** `digits` as a number; NaN where one is no digit. */
function digits(bytes: Buffer, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i += 1) {
    const digit = (bytes[i] ?? 0) - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const plus = 43;
const minus = 45;
const dot = 46;
const colon = 58;
const zulu = 90;

/** `+0200` or `+02:00` or `Z`, in minutes. */
function zoneMinutes(bytes: Buffer, at: number): number {
  const sign = bytes[at];
  if (sign === zulu) return 0;
  if (sign !== plus && sign !== minus) return Number.NaN;
  const apart = bytes[at + 3] === colon ? 1 : 0;
  const minutes = digits(bytes, at + 1, 2) * 60 + digits(bytes, at + 3 + apart, 2);
  return sign === plus ? minutes : -minutes;
}

/** `10/Oct/2000:13:55:36 +0000`, milliseconds since 1970; NaN where it is none. */
export function localTime(bytes: Buffer, from: number): number {
  const month = months.indexOf(bytes.toString("latin1", from + 3, from + 6));
  if (month < 0 || month % 3 !== 0) return Number.NaN;
  const day = Date.UTC(digits(bytes, from + 7, 4), month / 3, digits(bytes, from, 2));
  const seconds =
    digits(bytes, from + 12, 2) * 3_600 + digits(bytes, from + 15, 2) * 60 + digits(bytes, from + 18, 2);
  return day + seconds * 1_000 - zoneMinutes(bytes, from + 21) * 60_000;
}

/** `2000-10-10T13:55:36+00:00`, with or without a fraction. */
export function isoTime(bytes: Buffer, from: number, to: number): number {
  const day = Date.UTC(digits(bytes, from, 4), digits(bytes, from + 5, 2) - 1, digits(bytes, from + 8, 2));
  const seconds =
    digits(bytes, from + 11, 2) * 3_600 + digits(bytes, from + 14, 2) * 60 + digits(bytes, from + 17, 2);
  let at = from + 19;
  let fraction = 0;
  if (bytes[at] === dot) {
    let unit = 100;
    for (at += 1; at < to; at += 1) {
      const digit = (bytes[at] ?? 0) - zero;
      if (!(digit >= 0 && digit <= 9)) break;
      fraction += digit * unit;
      unit /= 10;
    }
  }
  return day + seconds * 1_000 + Math.floor(fraction + 1e-6) - zoneMinutes(bytes, at) * 60_000;
}

export const localTimeChars = 26;
export const isoTimeChars = 25;

/** What a reader looks at: the same bytes one by one, and four at a time. */
type Looked = { readonly bytes: Buffer; readonly view: DataView };

/** A reader of times of `chars` bytes that remembers the newest one. NaN where it is none, or the line ends in it. */
export function rememberedTime(
  chars: number,
  read: (bytes: Buffer, from: number) => number,
): (looked: Looked, from: number) => number {
  const last = chars - 4;
  const known = new Int32Array(Math.floor(last / 4) + 1);
  let knownLast = 0;
  let ms = Number.NaN;
  return ({ bytes, view }, from) => {
    // Seconds differ most often, so the comparison begins behind them.
    let same = view.getInt32(from + last, true) === knownLast;
    for (let i = known.length - 1; same && i >= 0; i -= 1) {
      same = view.getInt32(from + 4 * i, true) === known[i];
    }
    if (same) return ms;
    ms = endsWithin(bytes, from, chars) ? Number.NaN : read(bytes, from);
    knownLast = view.getInt32(from + last, true);
    for (let i = 0; i < known.length; i += 1) known[i] = view.getInt32(from + 4 * i, true);
    return ms;
  };
}

function endsWithin(bytes: Buffer, from: number, count: number): boolean {
  for (let i = from; i < from + count; i += 1) if (bytes[i] === newline) return true;
  return false;
}

/** Digits that surely fit a whole number without rounding, three of them behind the dot. */
const exactChars = 15;

/** `971186136.250`, as milliseconds; NaN where it is no number. */
export function secondsWithMs(bytes: Buffer, from: number, to: number): number {
  const at = to - 4;
  if (at > from && bytes[at] === dot && to - from <= exactChars) {
    const ms = digits(bytes, from, at - from) * 1_000 + digits(bytes, at + 1, 3);
    if (ms >= 0) return ms;
  }
  // Not as nginx writes it.
  return Math.round(Number(bytes.toString("latin1", from, to)) * 1_000);
}

/** `0.123` in thousandths; of several tries (`0.1, 0.2 : 0.3`) the sum; 0 for `-`. */
export function secondsAsMs(bytes: Buffer, from: number, to: number): number {
  let total = 0;
  let value = 0;
  let scale = 0;
  for (let i = from; i < to; i += 1) {
    const code = bytes[i] ?? 0;
    const digit = code - zero;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      scale *= 10;
    } else if (code === dot) scale = 1;
    else {
      total += scale > 0 ? value / scale : value;
      value = 0;
      scale = 0;
    }
  }
  total += scale > 0 ? value / scale : value;
  return total * 1_000;
}

/** A whole number, NaN where it is none. */
export function wholeNumber(bytes: Buffer, from: number, to: number): number {
  return to > from && to - from <= 15 ? digits(bytes, from, to - from) : Number.NaN;
}
