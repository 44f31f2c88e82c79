// `sem_ver`: compares versions by semver.org's rules; `v1`, `1.2` and numbers are read leniently, like flagd does.

type Version = { readonly numbers: readonly [number, number, number]; readonly pre: readonly string[] };

const whole = "(0|[1-9]\\d*)";
const preId = "(?:0|[1-9]\\d*|\\d*[a-zA-Z-][a-zA-Z0-9-]*)";
const strict = new RegExp(
  `^v?${whole}\\.${whole}\\.${whole}(?:-(${preId}(?:\\.${preId})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);
const partial = /^(\d{1,16})(?:\.(\d+))?$/;
/** Of `1.2` the second number counts only as far as this: flagd reads decimal fractions so. */
const mostDigits = 16;
const longest = 256;

/** Null where one of them is no version, or the sign is not known. */
export function compareVersions(left: unknown, sign: string, right: unknown): boolean | null {
  const a = parse(left);
  const b = parse(right);
  if (!a || !b) return null;
  const order = compare(a, b);
  switch (sign) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "^":
      return a.numbers[0] === b.numbers[0];
    case "~":
      return a.numbers[0] === b.numbers[0] && a.numbers[1] === b.numbers[1];
    default:
      return null;
  }
}

function parse(raw: unknown): Version | null {
  const text = String(raw).replace(/^[vV]/, "");
  if (text.length > longest) return null;
  const full = strict.exec(text.trim());
  if (!full) return parsePartial(text);
  const numbers: Version["numbers"] = [Number(full[1]), Number(full[2]), Number(full[3])];
  if (numbers.some((number) => number > Number.MAX_SAFE_INTEGER)) return null;
  return { numbers, pre: full[4]?.split(".") ?? [] };
}

function parsePartial(text: string): Version | null {
  const [, major, second = "0"] = partial.exec(text) ?? [];
  const minor = second.length > mostDigits ? "0" : second;
  if (major === undefined || [major, minor].some((digits) => /^0\d/.test(digits))) return null;
  return { numbers: [Number(major), Number(minor), 0], pre: [] };
}

function compare(a: Version, b: Version): number {
  for (let at = 0; at < 3; at++) {
    const order = (a.numbers[at] ?? 0) - (b.numbers[at] ?? 0);
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let at = 0; at < Math.max(a.pre.length, b.pre.length); at++) {
    const [left, right] = [a.pre[at], b.pre[at]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left !== right) return compareIds(left, right);
  }
  return 0;
}

function compareIds(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return Number(a) - Number(b);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : 1;
}
