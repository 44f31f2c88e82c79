// A bed for triggers: an example stack with `lastgood serve` beside it and users in front of it, and what the journal says.
import { spawn } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EventOf, EventType } from "../../../src/core/event.ts";
import type { Load } from "../../../src/demo/load/load.ts";
import type { StackName } from "../../../src/demo/stack/stack.ts";
import { freePort, type Later, pause } from "../../parts/bed.ts";
import { layBed, type StackBed } from "../stacks/bed.ts";

const bin = fileURLToPath(new URL("../../../bin/lastgood.js", import.meta.url));
const untilMs = 120_000;
const lookEveryMs = 50;

/** Limits of a machine that other tests are busy on: how it fares is no trigger here. */
export const calm = "cpuPressure: 99.9%, memoryAvailable: 0.1%, diskFree: 0.1%";

export type Decided = EventOf<"decision.made">;

export type TriggerBed = StackBed & {
  /** The controller ends, and another one watches releases like this from now on. */
  watchAnew(text: string): Promise<void>;
  /** Users who come for as long as `during` takes; what they met. */
  users<T>(perSecond: number, during: (load: Load) => Promise<T>): Promise<T>;
  /** Of the controller: where webhooks go. */
  readonly controller: string;
  /** Number of the newest fact. */
  mark(): Promise<number>;
  /** Facts of a type behind a mark. */
  since<T extends EventType>(mark: number, type: T): Promise<readonly EventOf<T>[]>;
  /** The first decision behind a mark that `is`, as soon as it is there. */
  decided(mark: number, is?: (one: Decided["data"]) => boolean): Promise<Decided>;
  /** The first fact behind a mark that `is`, as soon as it is there. */
  happens<T extends EventType>(
    mark: number,
    type: T,
    is?: (data: EventOf<T>["data"]) => boolean,
  ): Promise<EventOf<T>>;
  /** What `lastgood explain` prints of it for people. */
  explained(decision: Decided): Promise<string>;
  /** Deployed, serving and being watched; the mark from just before. */
  out(version: string): Promise<number>;
};

export type TriggerOptions = {
  readonly watch: string;
  /** Lines of the environment, indented by four. */
  readonly more: (bed: StackBed) => Promise<string>;
};

/** A stack that serves what its team brought up, adopted by Lastgood as good; users come all the while. */
export async function layTriggers(
  kind: StackName,
  options: TriggerOptions,
  later: Later,
): Promise<TriggerBed> {
  const bed = await layBed(kind, later);
  await bed.watchFor(options.watch);
  const port = await freePort();
  const more = await options.more(bed);
  await bed.edit("lastgood.yml", (text) => text.replace(/^ {4}watch:.*\n/m, (line) => `${line}${more}`));
  await appendFile(bed.config, `\ncontroller: { listen: "127.0.0.1:${port}" }\n`);
  const stop = await serve(bed, later);
  const journal = journalOf(bed);
  return {
    ...bed,
    ...journal,
    async watchAnew(text) {
      await stop();
      await bed.watchFor(text);
      await serve(bed, later);
    },
    async users(perSecond, during) {
      const load = bed.load(perSecond, { websocket: false, slowEveryMs: 0 });
      return await during(load).finally(() => load.stop());
    },
    controller: `http://127.0.0.1:${port}`,
    async explained({ seq }) {
      const said = await bed.lastgood("explain", String(seq));
      return said.out + said.err;
    },
    async out(version) {
      await until("no run is under way", async () => ((await bed.status()).run === null ? true : null));
      const mark = await journal.mark();
      const said = await bed.deploy(version, "--lift", "it is tried again");
      if (said.exit !== 0) throw new Error(`${version}: ${said.exit}\n${said.out}${said.err}`);
      return mark;
    },
  };
}

/** `lastgood serve`, until it is stopped, or the end. */
async function serve(bed: StackBed, later: Later): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [bin, "--config", bed.config, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...bed.env },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  later(stop);
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  child.stdout.on("data", (chunk) => (said += chunk));
  await until("the controller comes up", async () => {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}: ${said}`);
    return said.includes("Lastgood controller") ? true : null;
  });
  return stop;
}

type Fact = { readonly seq: number; readonly type: EventType; readonly data: object };

function journalOf(bed: StackBed): Pick<TriggerBed, "mark" | "since" | "decided" | "happens"> {
  const facts = async (): Promise<readonly Fact[]> => {
    const text = await readFile(join(bed.stack.dir, ".lastgood", "journal.ndjson"), "utf8").catch(() => "");
    return text
      .split("\n")
      .flatMap((line) => (line.startsWith("{") && line.endsWith("}") ? [JSON.parse(line)] : []));
  };
  const since: TriggerBed["since"] = async <T extends EventType>(mark: number, type: T) =>
    (await facts()).filter((one) => one.seq > mark && one.type === type) as unknown as readonly EventOf<T>[];
  const happens: TriggerBed["happens"] = (mark, type, is = () => true) =>
    until(
      `${type} behind fact ${mark}`,
      async () => (await since(mark, type)).find(({ data }) => is(data as never)) ?? null,
      async () =>
        (await facts())
          .filter(({ seq }) => seq > mark)
          .map((one) => JSON.stringify(one).slice(0, 600))
          .join("\n"),
    );
  return {
    mark: async () => (await facts()).at(-1)?.seq ?? 0,
    since,
    happens,
    async decided(mark, is) {
      const made = await happens(mark, "decision.made", is);
      console.log(`${made.data.decision} (${made.data.rule}): ${made.data.why}`);
      return made;
    },
  };
}

export async function answered(load: Load, requests: number): Promise<void> {
  await until(`${requests} requests are answered`, async () => load.counts().answered >= requests || null);
}

/** Waits for what is not null, and says what there was where it does not come. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null>,
  instead: () => Promise<string> = async () => "",
): Promise<T> {
  const end = Date.now() + untilMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`waited ${untilMs / 1_000} s: ${what}\n${await instead()}`);
    await pause(lookEveryMs);
  }
}
