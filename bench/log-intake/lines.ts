// A large access log as a busy site writes it: nginx `combined`, about 237 bytes a line, regulars and passers-by.
import { closeSync, openSync, writeSync } from "node:fs";
import { type Random, seeded } from "../random.ts";

const regulars = 10_000;
const paths = 2_000;
/** Share of lines by clients, and for paths, that come once. */
const once = 0.02;
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
      const bad = random.uniform() < failing;
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

let stampOf = -1;
let stamp = "";

function line(random: Random, index: number, bad: boolean): string {
  const second = Math.floor(index / linesPerS);
  if (second !== stampOf) {
    stampOf = second;
    const at = new Date(firstMs + second * 1_000);
    const two = (n: number) => String(n).padStart(2, "0");
    stamp =
      `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}:` +
      `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
  }
  const passing = random.uniform() < once;
  const who = passing ? regulars + index : random.below(regulars);
  const address = `10.${(who >> 16) & 255}.${(who >> 8) & 255}.${who & 255}`;
  const page = random.uniform() < once ? `once-${index}` : `shelf-${random.below(paths)}`;
  return (
    `${address} - - [${stamp}] "GET /shop/${page}?page=${random.below(40)} HTTP/1.1" ${bad ? 502 : 200} ` +
    `${500 + random.below(90_000)} "https://shop.example/shop/shelf-${random.below(paths)}" "${agents[who % agents.length]}"\n`
  );
}
