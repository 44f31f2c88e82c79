// Times and numbers of access logs, read digit by digit: most lines are of the second of the line before.

const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
const zero = 48;

/** `digits` of the line as a number; NaN where one is no digit. */
function digits(line: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i += 1) {
    const digit = line.charCodeAt(i) - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `+0200` or `+02:00` or `Z`, in minutes. */
function zoneMinutes(line: string, at: number): number {
  const sign = line[at];
  if (sign === "Z") return 0;
  if (sign !== "+" && sign !== "-") return Number.NaN;
  const colon = line[at + 3] === ":" ? 1 : 0;
  const minutes = digits(line, at + 1, 2) * 60 + digits(line, at + 3 + colon, 2);
  return sign === "+" ? minutes : -minutes;
}

/** `10/Oct/2000:13:55:36 +0000`, milliseconds since 1970; NaN where it is none. */
function localTime(line: string, from: number): number {
  const month = months.indexOf(line.slice(from + 3, from + 6));
  if (month < 0 || month % 3 !== 0) return Number.NaN;
  const day = Date.UTC(digits(line, from + 7, 4), month / 3, digits(line, from, 2));
  const seconds =
    digits(line, from + 12, 2) * 3_600 + digits(line, from + 15, 2) * 60 + digits(line, from + 18, 2);
  return day + seconds * 1_000 - zoneMinutes(line, from + 21) * 60_000;
}

/** `2000-10-10T13:55:36+00:00`, with or without a fraction. */
export function isoTime(line: string, from: number, to: number): number {
  const day = Date.UTC(digits(line, from, 4), digits(line, from + 5, 2) - 1, digits(line, from + 8, 2));
  const seconds =
    digits(line, from + 11, 2) * 3_600 + digits(line, from + 14, 2) * 60 + digits(line, from + 17, 2);
  let at = from + 19;
  let fraction = 0;
  if (line[at] === ".") {
    const start = at;
    for (at += 1; at < to && line.charCodeAt(at) >= zero && line.charCodeAt(at) < zero + 10; at += 1);
    fraction = Math.floor(Number(line.slice(start, at)) * 1_000);
  }
  return day + seconds * 1_000 + fraction - zoneMinutes(line, at) * 60_000;
}

export const localTimeChars = 26;
export const isoTimeChars = 25;

/** A reader that remembers the newest second. */
export function localTimes(): (line: string, from: number) => number {
  let text = "";
  let ms = Number.NaN;
  return (line, from) => {
    if (text !== "" && line.startsWith(text, from)) return ms;
    ms = localTime(line, from);
    // A copy: a piece of the line would keep the whole block of the file in memory.
    text = Number.isNaN(ms)
      ? ""
      : Buffer.from(line.slice(from, from + localTimeChars), "latin1").toString("latin1");
    return ms;
  };
}

/** `0.123` in thousandths; of several tries (`0.1, 0.2 : 0.3`) the sum; 0 for `-`. */
export function secondsAsMs(line: string, from: number, to: number): number {
  let total = 0;
  let value = 0;
  let scale = 0;
  for (let i = from; i < to; i += 1) {
    const code = line.charCodeAt(i);
    const digit = code - zero;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      scale *= 10;
    } else if (code === 46) scale = 1;
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
export function wholeNumber(line: string, from: number, to: number): number {
  return to > from && to - from <= 15 ? digits(line, from, to - from) : Number.NaN;
}
