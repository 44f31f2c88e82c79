// An access log without end that is written, rotated and removed as a busy site does it, as fast as it is read.
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { type Random, seeded } from "../random.ts";
import { isFailing, line, lineMs, once, stampOf } from "./lines.ts";

const linesAWrite = 100_000;
const writesAFile = 3;

type EndlessLog = {
  /** Adds lines to the log; at times it becomes another file before, with lines in it that nobody has read yet. */
  write(): void;
  readonly written: { lines: number; errors: number };
  close(): void;
};

/**
 * The same lines again and again, made once, with new times; those of passers-by also with new addresses and pages.
 * So writing costs little beside reading, and there are ever new clients and routes.
 */
export function endlessLog(path: string, seed: number): EndlessLog {
  const template = templateOf(seeded(seed));
  const written = { lines: 0, errors: 0 };
  let writes = 0;
  let file = openSync(path, "a");

  function rotate(): void {
    closeSync(file);
    renameSync(path, `${path}.1`);
    file = openSync(path, "a");
  }

  return {
    written,
    write() {
      if (writes > 0 && writes % writesAFile === 0) rotate();
      writes += 1;
      restamp(template, written.lines);
      writeSync(file, template.bytes);
      written.lines += linesAWrite;
      written.errors += template.errors;
    },
    close: () => closeSync(file),
  };
}

type Template = {
  readonly bytes: Buffer;
  /** Where each line's time stands. */
  readonly times: readonly number[];
  /** Where the addresses and page numbers of passers-by stand. */
  readonly passing: readonly { readonly address: number; readonly page: number }[];
  readonly errors: number;
};

const address = "100.100.100.100";
const page = "000000000";

function templateOf(random: Random): Template {
  const texts: string[] = [];
  const times: number[] = [];
  const passing: { address: number; page: number }[] = [];
  let errors = 0;
  let length = 0;
  for (let i = 0; i < linesAWrite; i++) {
    const bad = isFailing(random);
    if (bad) errors += 1;
    const isPassing = random.uniform() < once;
    const text = line(random, i, bad, isPassing ? { address, page: `once-${page}` } : undefined);
    times.push(length + text.indexOf("[") + 1);
    if (isPassing) passing.push({ address: length, page: length + text.indexOf(page) });
    texts.push(text);
    length += text.length;
  }
  return { bytes: Buffer.from(texts.join(""), "latin1"), times, passing, errors };
}

/** CHANGES `template`: it is `from` lines later. */
function restamp({ bytes, times, passing }: Template, from: number): void {
  let second = -1;
  let stamp = Buffer.alloc(0);
  for (const [i, at] of times.entries()) {
    const next = Math.floor(lineMs(from + i) / 1_000);
    if (next !== second) {
      second = next;
      stamp = Buffer.from(stampOf(from + i), "latin1");
    }
    bytes.set(stamp, at);
  }
  for (const [i, at] of passing.entries()) {
    const who = from + i;
    bytes.write(addressOf(who), at.address, "latin1");
    bytes.write(String(who).padStart(page.length, "0"), at.page, "latin1");
  }
}

/** All of one length. */
function addressOf(who: number): string {
  const byte = (unit: number) => 100 + (Math.floor(who / unit) % 100);
  return `${byte(1e6)}.${byte(1e4)}.${byte(100)}.${byte(1)}`;
}
