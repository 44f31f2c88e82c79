// What every source of signals must do: tell what happened after a position, each thing once, and say when it is blind.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Json } from "../../core/json.ts";
import type { Result } from "../../core/result.ts";
import type { Batch, Signals } from "../../ports/signals.ts";

export type SignalsBed = {
  /** The source anew, as another controller would open it. */
  open(): Signals;
  /** Makes one thing happen that the source tells of. */
  happen(): Promise<void>;
  /** Takes away what the source reads, and brings it back; null where it cannot be taken away. */
  readonly loss: { lose(): Promise<void>; giveBack(): Promise<void> } | null;
};

export type SignalsCase = { readonly name: string; run(bed: SignalsBed): Promise<void> };

export const signalsContract: readonly SignalsCase[] = [
  { name: "a position is plain data", run: plainPosition },
  { name: "what happens after a position is told, and told once", run: toldOnce },
  { name: "what happened before a position is not told", run: notBefore },
  { name: "two readers of one source are told the same", run: twoReaders },
  { name: "positions that it did not make do it no harm", run: oddPositions },
  { name: "one that cannot be read is blind, says why, and sees again", run: blindness },
];

const pauseMs = 20;
/** A minute and more. */
const patience = 3_000;
/** Looks that must stay silent: enough for one more answer of what is asked at an interval of 100 ms. */
const quietLooks = 25;

function value<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? "" : result.error.what);
  return result.value;
}

/** Observations, and events other than that a trouble is over. */
function told(batch: Batch): readonly string[] {
  const events = (batch.events ?? []).filter((event) => event.over !== true);
  const failed = batch.observations.filter((seen) => !seen.ok);
  return [...events, ...failed].map((one) => JSON.stringify(one));
}

type Walk = { readonly told: readonly string[]; readonly next: Json };

/** Observes on until there is something to see. */
async function untilTold(source: Signals, from: Json): Promise<Walk> {
  let position = from;
  for (let look = 1; ; look += 1) {
    const batch = value(await source.observe(position));
    position = plain(batch.next);
    const said = told(batch);
    if (said.length > 0) return { told: said, next: position };
    assert.ok(look < patience, `${source.name} told nothing${batch.blind ? `: ${batch.blind}` : ""}`);
    await pause(pauseMs);
  }
}

async function quiet(source: Signals, from: Json): Promise<readonly string[]> {
  let position = from;
  const said: string[] = [];
  for (let look = 0; look < quietLooks; look += 1) {
    const batch = value(await source.observe(position));
    position = plain(batch.next);
    said.push(...told(batch));
    await pause(pauseMs);
  }
  return said;
}

/** As the journal gives it back. */
function plain(position: Json): Json {
  return JSON.parse(JSON.stringify(position)) as Json;
}

async function plainPosition({ open }: SignalsBed): Promise<void> {
  const source = open();
  const position = value(await source.position());
  assert.deepEqual(plain(position), position);
  const batch = value(await source.observe(plain(position)));
  assert.deepEqual(plain(batch.next), batch.next);
}

/** A source of readings knows only after its first look what is new. */
async function settled(source: Signals): Promise<Json> {
  let position = value(await source.position());
  for (let look = 0; look < quietLooks; look += 1) {
    position = plain(value(await source.observe(position)).next);
    await pause(pauseMs);
  }
  return position;
}

async function toldOnce({ open, happen }: SignalsBed): Promise<void> {
  const source = open();
  const from = await settled(source);
  await happen();
  const first = await untilTold(source, from);
  const again = await quiet(source, first.next);
  assert.deepEqual(
    again.filter((one) => first.told.includes(one)),
    [],
  );
}

async function notBefore({ open, happen }: SignalsBed): Promise<void> {
  const source = open();
  const from = await settled(source);
  await happen();
  const first = await untilTold(source, from);
  const fresh = value(await source.position());
  assert.deepEqual(
    (await quiet(source, plain(fresh))).filter((one) => first.told.includes(one)),
    [],
  );
}

async function twoReaders({ open, happen }: SignalsBed): Promise<void> {
  const source = open();
  const from = await settled(source);
  await happen();
  const one = await untilTold(source, from);
  const other = await untilTold(source, from);
  assert.deepEqual(other.told.slice(0, one.told.length), one.told);
}

async function oddPositions({ open }: SignalsBed): Promise<void> {
  const odd: readonly Json[] = [null, {}, [], "here", 7, { run: 1, number: "x", seq: {}, nano: "-1" }];
  for (const position of odd) value(await open().observe(position));
}

async function blindness({ open, loss }: SignalsBed): Promise<void> {
  if (loss === null) return;
  const source = open();
  let position = await settled(source);
  assert.equal(value(await source.observe(position)).blind, null);
  await loss.lose();
  const look = async () => {
    const batch = await source.observe(position);
    if (batch.ok) position = plain(batch.value.next);
    return batch.ok ? batch.value.blind : batch.error.what;
  };
  const until = async (isSo: (blind: string | null) => boolean, what: string) => {
    let looks = 0;
    for (let blind = await look(); !isSo(blind); blind = await look()) {
      looks += 1;
      assert.ok(looks < patience, `${source.name} ${what}: ${blind}`);
      await pause(pauseMs);
    }
  };
  await until((blind) => blind !== null && blind !== "", "does not notice that it is blind");
  await loss.giveBack();
  await until((blind) => blind === null, "does not see again");
}
