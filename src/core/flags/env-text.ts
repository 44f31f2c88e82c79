// The text of an `.env` file: read, and changed without touching anything else in it.
import { sha256 } from "../digest.ts";

const line = /^(\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*)(.*)$/;
const mark = /^# lastgood: flags of version (\d+) \(sum ([0-9a-f]{12})\)$/;

/** The value of each of these names; the last line of a name counts. */
export function readVariables(text: string, names: Iterable<string>): ReadonlyMap<string, string> {
  const wanted = new Set(names);
  const found = new Map<string, string>();
  for (const row of text.split(/\r?\n/)) {
    const [, , name = "", rest = ""] = line.exec(row) ?? [];
    if (wanted.has(name)) found.set(name, split(rest).value);
  }
  return found;
}

/** The same text with these values: comments, order, quotes and line ends stay; new names come at the end. */
export function writeVariables(
  text: string,
  variables: ReadonlyMap<string, string>,
  version: number,
): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const left = new Map(variables);
  const rows = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const kept = rows.flatMap((row) => {
    if (mark.test(row)) return [];
    const [, head = "", name = "", rest = ""] = line.exec(row) ?? [];
    const value = variables.get(name);
    if (value === undefined) return [row];
    left.delete(name);
    const { value: former, quote, tail } = split(rest);
    return former === value ? [row] : [`${head}${quoted(value, quote)}${tail}`];
  });
  const fresh = [...left].map(([name, value]) => `${name}=${quoted(value, "")}`);
  const signed = `# lastgood: flags of version ${version} (sum ${sumOf(variables)})`;
  return `${[...kept, ...fresh, signed].join(end)}${end}`;
}

/** The version that we wrote last, and whether its values still stand as we wrote them. Null: we never wrote. */
export function writtenVersion(text: string): { readonly version: number; readonly sum: string } | null {
  for (const row of text.split(/\r?\n/)) {
    const [, version, sum] = mark.exec(row) ?? [];
    if (version !== undefined && sum !== undefined) return { version: Number(version), sum };
  }
  return null;
}

export function sumOf(variables: ReadonlyMap<string, string>): string {
  const rows = [...variables].map(([name, value]) => `${name}=${value}`).sort();
  return sha256(rows.join("\n")).slice(0, 12);
}

/** Value, the quotes around it, and what follows: a comment. */
function split(rest: string): { readonly value: string; readonly quote: string; readonly tail: string } {
  const quote = rest[0] ?? "";
  if (quote === '"' || quote === "'" || quote === "`") {
    const end = rest.indexOf(quote, 1);
    if (end > 0) return { value: rest.slice(1, end), quote, tail: rest.slice(end + 1) };
  }
  const [, value = "", tail = ""] = /^(.*?)(\s+#.*|\s*)$/.exec(rest) ?? [];
  return { value, quote: "", tail };
}

function quoted(value: string, quote: string): string {
  if (quote !== "" && !value.includes(quote)) return `${quote}${value}${quote}`;
  return /^[\w.:/@+-]*$/.test(value) ? value : `"${value.replaceAll('"', "'")}"`;
}
