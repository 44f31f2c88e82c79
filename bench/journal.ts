// How fast facts become durable, against the two usual ways, and whether opening stays as quick when history grows.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { emptyLink, type Link, seal } from "../src/core/chain.ts";
import type { NewEvent } from "../src/core/event.ts";
import { lineOf } from "../src/journal/ndjson.ts";
import { rebuildJournal } from "../src/journal/rebuild.ts";
import { openJournal, type SqliteJournal } from "../src/journal/sqlite.ts";
import { verifyJournal } from "../src/journal/verify.ts";
import { systemClock } from "../src/os/clock.ts";
import {
  type BenchDocument,
  type BenchResult,
  machine,
  meets,
  quantile,
  type Stats,
  stats,
} from "./document.ts";

export const name = "journal";
export const about =
  "durable appends a second against plain SQLite and fsynced NDJSON; time to open with few and with many facts";
export const takes = "2 to 4 minutes, most of it to make the long journal (1 GB in the temp folder)";
export const options = {
  /** Facts of the long journal; the short one has 1,000. */
  facts: 1_000_000,
  /** Rounds in which product and peers take turns, and writes in each. */
  rounds: 20,
  writes: 100,
  /** Starts of a process with each journal. */
  starts: 25,
};
type Options = typeof options;

const fewFacts = 1_000;
/** A batch, as when a run is planned and started with its first intents. */
const batch = 10;
/** Facts since the newest saved fold: the engine saves one every 500, so 250 on average. */
const sinceFold = 250;
const openTarget = "<= 1.5";
const tmpfs = 0x01021994;

export async function run(given: Options): Promise<BenchDocument> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-bench-"));
  try {
    const results = [...appends(folder, given), ...openings(folder, given)];
    return { bench: name, machine: machine(), options: given, results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fact(n: number): NewEvent {
  const step = {
    run: `run-${Math.floor(n / 20)}`,
    key: "start:web",
    kind: "instance.start",
    direction: "do" as const,
  };
  const evidence = { instance: `web-v${n}`, pid: 1_000 + n, port: 4_711 };
  return { type: "step.verified", data: { ...step, attempt: 1, evidence, recovered: false, ms: 12 } };
}

/** Something that makes `count` facts durable at once. */
type Way = { readonly write: (count: number) => void; readonly close: () => void };

function appends(folder: string, given: Options): readonly BenchResult[] {
  const ways: Readonly<Record<string, Way>> = {
    product: journalWay(join(folder, "product.sqlite")),
    "node:sqlite WAL+FULL": sqliteWay(join(folder, "plain.sqlite")),
    "appendFile + fsync": ndjsonWay(join(folder, "plain.ndjson")),
  };
  const note =
    statfsSync(folder).type === tmpfs ? "the temp folder is in memory: fsync costs nothing here" : undefined;
  try {
    return [1, batch].map((count) => {
      process.stderr.write(`${given.rounds} rounds of ${given.writes} writes of ${count}\n`);
      const rates = takeTurns(ways, count, given);
      const { product = [], ...peers } = rates;
      return result(`${count === 1 ? "one fact" : `${count} facts`} a transaction`, product, peers, note);
    });
  } finally {
    for (const way of Object.values(ways)) way.close();
  }
}

/** Facts a second in each round. All ways see the same minutes of the same disk. */
function takeTurns(
  ways: Readonly<Record<string, Way>>,
  count: number,
  { rounds, writes }: Options,
): Record<string, number[]> {
  const rates: Record<string, number[]> = {};
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [way, { write }] of Object.entries(ways)) {
      const from = performance.now();
      for (let i = 0; i < writes; i += 1) write(count);
      const rate = (writes * count) / ((performance.now() - from) / 1_000);
      if (round > 0) rates[way] = [...(rates[way] ?? []), rate];
    }
  }
  return rates;
}

function result(
  label: string,
  product: readonly number[],
  peers: Record<string, number[]>,
  note?: string,
): BenchResult {
  const own = stats(product);
  const others = Object.fromEntries(Object.entries(peers).map(([peer, rates]) => [peer, stats(rates)]));
  const ratio = Object.fromEntries(
    Object.entries(others).map(([peer, theirs]) => [peer, own.median / theirs.median]),
  );
  const metric = "facts durable a second, by round; ratio of medians";
  const all = {
    case: label,
    metric,
    unit: "facts/s",
    product: own,
    peers: others,
    ratio,
    target: null,
    met: null,
  };
  return note === undefined ? all : { ...all, note };
}

function journalWay(file: string): Way {
  const journal = opened(file);
  let n = 0;
  return {
    write(count) {
      const facts = Array.from({ length: count }, () => fact(n++));
      if (!journal.append(journal.head(), facts).ok) throw new Error("the append was refused");
    },
    close: () => journal.close(),
  };
}

function sqliteWay(file: string): Way {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event (seq INTEGER PRIMARY KEY, data TEXT)",
  );
  const insert = db.prepare("INSERT INTO event (data) VALUES (?)");
  let n = 0;
  return {
    write(count) {
      db.exec("BEGIN IMMEDIATE");
      for (let i = 0; i < count; i += 1) insert.run(JSON.stringify(fact(n++)));
      db.exec("COMMIT");
    },
    close: () => db.close(),
  };
}

function ndjsonWay(file: string): Way {
  const fd = openSync(file, "a");
  let n = 0;
  return {
    write(count) {
      const lines = Array.from({ length: count }, () => `${JSON.stringify(fact(n++))}\n`);
      appendFileSync(fd, lines.join(""));
      fsyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

function openings(folder: string, { facts, starts }: Options): readonly BenchResult[] {
  const few = make(join(folder, "few"), fewFacts);
  const many = make(join(folder, "many"), facts);
  process.stderr.write(`${starts} starts with each\n`);
  const before = takeStarts([few, many], starts);
  for (const file of [few, many]) saveFold(file);
  const after = takeStarts([few, many], starts);
  return [
    opening(
      "open, all of the tail to verify",
      before.map((times) => times.map((time) => time.openMs)),
      facts,
    ),
    opening(
      `open, load the fold, read ${sinceFold} facts since`,
      after.map((times) => times.map((time) => time.readyMs)),
      facts,
    ),
    verifying(many),
  ];
}

type Times = { readonly openMs: number; readonly readyMs: number };

/** In turns, each in a new process: what a person waits for includes cold code. */
function takeStarts(files: readonly string[], starts: number): readonly (readonly Times[])[] {
  const times = files.map((): Times[] => []);
  for (let i = 0; i <= starts; i += 1) {
    for (const [which, file] of files.entries()) {
      const script = join(import.meta.dirname, "journal-open.ts");
      const took: Times = JSON.parse(execFileSync(process.execPath, [script, file], { encoding: "utf8" }));
      if (i > 0) times[which]?.push(took);
    }
  }
  return times;
}

function opening(
  label: string,
  [few = [], many = []]: readonly (readonly number[])[],
  facts: number,
): BenchResult {
  const small: Stats = stats(few);
  const large: Stats = stats(many);
  const peer = `with ${fewFacts} facts`;
  const ratio = large.median / small.median;
  return {
    case: `${label}, ${facts} facts`,
    metric: "time in a fresh process; ratio of medians",
    unit: "ms",
    product: large,
    peers: { [peer]: small },
    ratio: { [peer]: ratio },
    target: openTarget,
    met: meets(openTarget, ratio),
    note: `middle half: ${spread(many)} ms, ${peer} ${spread(few)} ms`,
  };
}

function spread(samples: readonly number[]): string {
  return `${quantile(samples, 0.25).toFixed(1)} to ${quantile(samples, 0.75).toFixed(1)}`;
}

function verifying(file: string): BenchResult {
  const journal = opened(file);
  const from = performance.now();
  const verified = verifyJournal(journal);
  const seconds = (performance.now() - from) / 1_000;
  journal.close();
  if (!verified.whole) throw new Error(`the journal is not whole: ${JSON.stringify(verified.findings[0])}`);
  return {
    case: `verify all of ${verified.facts} facts: chain, SQLite's check, copy`,
    metric: "facts a second, one run",
    unit: "facts/s",
    product: stats([verified.facts / seconds]),
    peers: {},
    ratio: {},
    target: null,
    met: null,
  };
}

/** A journal of so many facts, made as a rebuild makes one: from an NDJSON file. */
function make(folder: string, facts: number): string {
  process.stderr.write(`make a journal of ${facts} facts\n`);
  const file = join(folder, "journal.sqlite");
  const clock = systemClock();
  opened(file).close();
  rmSync(file);
  const fd = openSync(join(folder, "journal.ndjson"), "w", 0o600);
  let link: Link = emptyLink;
  for (let n = 0; n < facts - 1; ) {
    const moment = { at: clock.now(), mono: clock.elapsed(), boot: clock.bootId(), epoch: 1 };
    const sealed = seal(
      link,
      moment,
      Array.from({ length: Math.min(1_000, facts - 1 - n) }, () => fact(n++)),
    );
    if (!sealed.ok) throw new Error(sealed.error.what);
    writeSync(fd, sealed.value.map((row) => `${lineOf(row)}\n`).join(""));
    link = sealed.value.at(-1) ?? link;
  }
  closeSync(fd);
  const rebuilt = rebuildJournal({ file, clock, why: "a bench" });
  if (!rebuilt.ok) throw new Error(rebuilt.error.what);
  return file;
}

function saveFold(file: string): void {
  const journal = opened(file);
  journal.snapshots.save("bench", 1, journal.head() - sinceFold, { envs: { production: { serves: "v1" } } });
  journal.close();
}

function opened(file: string): SqliteJournal {
  const journal = openJournal({ file, clock: systemClock() });
  if (!journal.ok) throw new Error(journal.error.what);
  return journal.value;
}
