// Decimal numbers out of bytes, to the last bit as `Number` reads them.

const zero = 48;
const nine = 57;
const dot = 46;
/** Whole numbers of so many digits, and powers of ten up to that, are exact: their quotient is rounded once, as by `Number`. */
const exactDigits = 15;
const powers = Array.from({ length: exactDigits + 1 }, (_, i) => 10 ** i);

/** NaN where it is no number. */
export function decimal(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  let behind = -1;
  for (let i = from; i < to; i += 1) {
    const code = bytes[i] as number;
    if (code >= zero && code <= nine) value = value * 10 + (code - zero);
    else if (code === dot && behind < 0) behind = to - i - 1;
    else return slowly(bytes, from, to);
  }
  const digits = to - from - (behind < 0 ? 0 : 1);
  if (digits > exactDigits || digits === 0) return slowly(bytes, from, to);
  return behind <= 0 ? value : value / (powers[behind] as number);
}

function slowly(bytes: Buffer, from: number, to: number): number {
  return Number(bytes.toString("latin1", from, to));
}

/** Thousandths of `1646861401.5241024`, to the nearest. */
export function thousandths(bytes: Buffer, from: number, to: number): number {
  const point = from + 10;
  // Seconds of these centuries have ten digits. A fourth digit of 4 or 5 is a matter for those who round with care.
  const fourth = (bytes[point + 4] ?? zero) - zero;
  if (to >= point + 5 && bytes[point] === dot && fourth !== 4 && fourth !== 5) {
    const ms = decimal(bytes, from, point) * 1_000 + decimal(bytes, point + 1, point + 4);
    let digits = point + 4;
    while (digits < to && (bytes[digits] as number) >= zero && (bytes[digits] as number) <= nine) digits += 1;
    if (ms >= 0 && digits === to) return fourth > 5 ? ms + 1 : ms;
  }
  return Math.round(decimal(bytes, from, to) * 1_000);
}
