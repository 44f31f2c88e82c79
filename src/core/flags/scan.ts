// Looks through an app's source for flags that are read once and kept: such a switch has no effect until a restart.
import { type Flags, variableOf } from "./model.ts";

export type Read = {
  readonly file: string;
  readonly line: number;
  /** The flag; null where all variables are copied at once. */
  readonly flag: string | null;
  /** Read when the file is loaded, outside any function: never again. */
  readonly frozen: boolean;
  readonly text: string;
};

/** Heads of blocks that are no function: what stands in them runs when the file is loaded. */
const plainHeads = /\b(if|for|while|switch|catch|with)\s*\($/;

export function scanSource(file: string, source: string, flags: Flags): readonly Read[] {
  const names = new Map<string, string>();
  for (const [name, flag] of flags) names.set(variableOf(name, flag), name).set(name, name);
  const depths = functionDepths(source);
  const reads: Read[] = [];
  const add = (at: number, flag: string | null) => {
    const before = source.slice(source.lastIndexOf("\n", at) + 1, at);
    const end = source.indexOf("\n", at);
    const text = source.slice(at - before.length, end < 0 ? undefined : end).trim();
    // `const isOn = () => process.env.X` reads it each time, without a block of its own.
    const frozen = (depths[at] ?? 0) === 0 && !/=>\s*[^{]*$/.test(before);
    reads.push({
      file,
      line: source.slice(0, at).split("\n").length,
      flag,
      frozen,
      text: text.slice(0, 120),
    });
  };
  const direct = /process\.env(?:\.([A-Za-z_]\w*)|\[\s*["'`]([^"'`]+)["'`]\s*\])/g;
  for (const found of source.matchAll(direct)) {
    const flag = names.get(found[1] ?? found[2] ?? "");
    if (flag !== undefined) add(found.index, flag);
  }
  for (const found of source.matchAll(/\{([^{}]*)\}\s*=\s*process\.env\b/g)) {
    for (const part of (found[1] ?? "").split(",")) {
      const flag = names.get(part.split(/[:=]/)[0]?.trim() ?? "");
      if (flag !== undefined) add(found.index, flag);
    }
  }
  for (const found of source.matchAll(/\.\.\.process\.env\b/g)) add(found.index, null);
  const calls =
    /\.(?:isOn|value|details|getBooleanValue|getStringValue|getNumberValue)\(\s*["'`]([^"'`]+)["'`]/g;
  for (const found of source.matchAll(calls)) {
    const flag = names.get(found[1] ?? "");
    if (flag !== undefined) add(found.index, flag);
  }
  return reads.sort((a, b) => a.line - b.line);
}

/** For each character, in how many functions it stands. Texts, comments and templates are passed over. */
function functionDepths(source: string): Uint8Array {
  const depths = new Uint8Array(source.length);
  const blocks: boolean[] = [];
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const skipped = skip(source, at);
    if (skipped > at) {
      depths.fill(depth, at, skipped);
      at = skipped - 1;
      continue;
    }
    depths[at] = depth;
    if (source[at] === "{") {
      const isFunction = opensFunction(source.slice(Math.max(0, at - 300), at));
      blocks.push(isFunction);
      if (isFunction) depth += 1;
    } else if (source[at] === "}" && blocks.pop()) depth -= 1;
  }
  return depths;
}

function skip(source: string, at: number): number {
  const two = source.slice(at, at + 2);
  if (two === "//") return endOf(source, "\n", at);
  if (two === "/*") return endOf(source, "*/", at + 2);
  const quote = source[at] ?? "";
  if (!["'", '"', "`"].includes(quote)) return at;
  for (let end = at + 1; end < source.length; end++) {
    if (source[end] === "\\") end += 1;
    else if (source[end] === quote) return end + 1;
    else if (source[end] === "\n" && quote !== "`") return at;
  }
  return at;
}

function endOf(source: string, what: string, from: number): number {
  const end = source.indexOf(what, from);
  return end < 0 ? source.length : end + what.length;
}

function opensFunction(before: string): boolean {
  const text = before.trimEnd();
  if (text.endsWith("=>")) return true;
  if (!text.endsWith(")")) return /\)\s*:\s*[\w<>[\]|&. ]+$/.test(text);
  let open = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === ")") open += 1;
    else if (text[at] === "(" && --open === 0) return !plainHeads.test(text.slice(0, at + 1));
  }
  return false;
}
