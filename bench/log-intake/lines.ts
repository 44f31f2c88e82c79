// A large access log as a busy site writes it: nginx `combined`, about 237 bytes a line, regulars and passers-by.
import { closeSync, openSync, writeSync } from "node:fs";
import { type Random, seeded } from "../random.ts";

const regulars = 10_000;
const paths = 2_000;
/** Share of lines by clients, and for paths, that come once. */
export const once = 0.02;
const failing = 0.002;
const linesPerS = 5_000;
export const firstMs = Date.UTC(2026, 0, 5, 8, 0, 0);
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const agents = Array.from({ length: 60 }, (_, i) => {
  const version = `${100 + i}.0.${4000 + 7 * i}.${i}`;
  return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`;
});

/** Writes `lines` lines to a new file; returns how many of them say 5xx. The same seed gives the same file. */
export function writeLog(path: string, lines: number, seed: number): number {
  const random = seeded(seed);
  const file = openSync(path, "w");
  let errors = 0;
  try {
    let text: string[] = [];
    for (let i = 0; i < lines; i++) {
      const bad = isFailing(random);
      if (bad) errors += 1;
      text.push(line(random, i, bad));
      if (text.length < 10_000 && i < lines - 1) continue;
      writeSync(file, text.join(""));
      text = [];
    }
  } finally {
    closeSync(file);
  }
  return errors;
}

export function isFailing(random: Random): boolean {
  return random.uniform() < failing;
}

/** When the line with this number is written. */
export function lineMs(index: number): number {
  return firstMs + Math.floor(index / linesPerS) * 1_000;
}

/** As nginx writes it. */
export function stampOf(index: number): string {
  const at = new Date(lineMs(index));
  const two = (n: number) => String(n).padStart(2, "0");
  return (
    `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}:` +
    `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
  );
}

let secondMs = -1;
let stamp = "";

/** `by`: a client and a page of one's own; else some of those that there are. */
export function line(
  random: Random,
  index: number,
  bad: boolean,
  by?: { readonly address: string; readonly page: string },
): string {
  if (lineMs(index) !== secondMs) {
    secondMs = lineMs(index);
    stamp = stampOf(index);
  }
  const passing = random.uniform() < once;
  const who = passing ? regulars + index : random.below(regulars);
  const address = by?.address ?? `10.${(who >> 16) & 255}.${(who >> 8) & 255}.${who & 255}`;
  const page = by?.page ?? (random.uniform() < once ? `once-${index}` : `shelf-${random.below(paths)}`);
  return (
    `${address} - - [${stamp}] "GET /shop/${page}?page=${random.below(40)} HTTP/1.1" ${bad ? 502 : 200} ` +
    `${500 + random.below(90_000)} "https://shop.example/shop/shelf-${random.below(paths)}" "${agents[who % agents.length]}"\n`
  );
}
