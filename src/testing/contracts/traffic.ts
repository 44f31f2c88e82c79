// What every Traffic driver must do, checked against the real thing and against fakes alike.
import assert from "node:assert/strict";
import type { Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Backend, RouteChange, RouteState, Traffic } from "../../ports/traffic.ts";

/** A fresh target: nothing was ever routed. */
export type TrafficBed = {
  readonly traffic: Traffic;
  /** A new controller's driver for the same target, as after a crash of the former. */
  again(): Promise<Traffic>;
  /** The same name gives the same op id; the epoch is 1 where none is given. */
  op(name: string, epoch?: number): Op;
  /** A live backend whose answers come from a release and instance of this name. */
  backend(name: string): Promise<Backend>;
  /** One request of a user; `release` is what the edge says, null where nobody was asked. */
  ask(path: string): Promise<{ readonly status: number; readonly release: string | null }>;
  /** Said by edges that have no means to make requests wait; left out, a driver must be able to. */
  readonly cannotHold?: true;
};

export type TrafficCase = { readonly name: string; run(bed: TrafficBed): Promise<void> };

/** Looks at the target while something must NOT happen; rounds instead of time. */
const lookRounds = 20;
const answerMs = 5_000;

export const trafficContract: readonly TrafficCase[] = [
  { name: "a fresh edge has no backend and answers 503 for nobody", run: fresh },
  { name: "a change raises the generation by one and leaves its op as a marker", run: marks },
  { name: "requests after a change go to the new backend", run: follows },
  { name: "a change from a stale generation is a conflict and changes nothing", run: stale },
  { name: "of two changes at once from one generation exactly one takes effect", run: race },
  { name: "a lower epoch is fenced and changes nothing", run: fenced },
  { name: "the fence holds for a new controller too", run: fencedAgain },
  { name: "the same op asking for what is in place is no second change", run: repeats },
  { name: "an op whose change was replaced can't bring it back", run: replaced },
  { name: "a new controller finds the route as it was left", run: survives },
  { name: "held requests wait and go to the backend of the moment of release", run: holds },
  { name: "hold and release change nothing else", run: holdKeeps },
  { name: "taking the backend away gives 503 for nobody", run: nobody },
  { name: "a backend can be left and taken again", run: returns },
  { name: "nothing is in flight where nothing was asked, and after everything was answered", run: flights },
];

/** For an edge that honestly can't make requests wait: it must say so, and all else is as for every other. */
export const trafficContractWithoutHold: readonly TrafficCase[] = [
  ...trafficContract.filter(({ run }) => run !== holds && run !== holdKeeps),
  { name: "a hold is refused, with what to do instead, and changes nothing", run: refusesHold },
];

function value<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? "" : `expected ok, got ${result.error.code}: ${result.error.what}`);
  return result.value;
}

function refused(result: Result<unknown>, code: string): void {
  assert.ok(!result.ok, `expected ${code}, got ok`);
  assert.equal(result.error.code, code);
  assert.notEqual(result.error.next, "");
}

async function changed(bed: TrafficBed, name: string, change: RouteChange): Promise<RouteState> {
  const { generation } = value(await bed.traffic.now());
  return value(await bed.traffic.change(bed.op(name), generation, change));
}

async function fresh(bed: TrafficBed): Promise<void> {
  const { backend, held } = value(await bed.traffic.now());
  assert.equal(backend, null);
  assert.equal(held, false);
  assert.deepEqual(await bed.ask("/"), { status: 503, release: null });
}

async function marks(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  const before = value(await bed.traffic.now());
  const after = value(await bed.traffic.change(bed.op("one"), before.generation, { backend, held: false }));
  assert.equal(after.generation, before.generation + 1);
  assert.equal(after.op, bed.op("one").id);
  assert.deepEqual(after.backend, backend);
  assert.equal(after.held, false);
  assert.ok(after.epoch >= 1);
  assert.deepEqual(value(await bed.traffic.now()), after);
}

async function follows(bed: TrafficBed): Promise<void> {
  for (const name of ["v1", "v2"]) {
    const backend = await bed.backend(name);
    await changed(bed, `to-${name}`, { backend, held: false });
    assert.deepEqual(await bed.ask("/any?x=1"), { status: 200, release: backend.release });
    const said = value(await bed.traffic.whoAnswers("/", answerMs));
    assert.deepEqual(said, { status: 200, release: backend.release });
  }
}

async function stale(bed: TrafficBed): Promise<void> {
  const [one, two] = [await bed.backend("v1"), await bed.backend("v2")];
  const { generation } = value(await bed.traffic.now());
  const state = await changed(bed, "one", { backend: one, held: false });
  refused(await bed.traffic.change(bed.op("two"), generation, { backend: two, held: false }), "conflict");
  refused(
    await bed.traffic.change(bed.op("two"), state.generation + 1, { backend: two, held: false }),
    "conflict",
  );
  assert.deepEqual(value(await bed.traffic.now()), state);
  assert.equal((await bed.ask("/")).release, one.release);
}

async function race(bed: TrafficBed): Promise<void> {
  const backends = [await bed.backend("v1"), await bed.backend("v2")] as const;
  const { generation } = value(await bed.traffic.now());
  const results = await Promise.all(
    backends.map((backend, i) =>
      bed.traffic.change(bed.op(`racer-${i}`), generation, { backend, held: false }),
    ),
  );
  const won = results.findIndex((result) => result.ok);
  const [lost] = results.filter((result) => !result.ok);
  assert.ok(won >= 0 && lost, "one must win and one must lose");
  refused(lost, "conflict");
  const after = value(await bed.traffic.now());
  assert.equal(after.generation, generation + 1);
  assert.deepEqual(after.backend, backends[won]);
}

async function fenced(bed: TrafficBed): Promise<void> {
  const [one, two] = [await bed.backend("v1"), await bed.backend("v2")];
  const { generation } = value(await bed.traffic.now());
  const state = value(await bed.traffic.change(bed.op("new", 5), generation, { backend: one, held: false }));
  assert.equal(state.epoch, 5);
  const late = bed.traffic.change(bed.op("old", 4), state.generation, { backend: two, held: false });
  refused(await late, "fenced");
  assert.deepEqual(value(await bed.traffic.now()), state);
}

async function fencedAgain(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  const { generation } = value(await bed.traffic.now());
  const state = value(await bed.traffic.change(bed.op("new", 5), generation, { backend, held: false }));
  const traffic = await bed.again();
  refused(await traffic.change(bed.op("old", 4), state.generation, { backend: null, held: false }), "fenced");
  assert.deepEqual(value(await traffic.now()), state);
  value(await traffic.change(bed.op("next", 5), state.generation, { backend, held: !bed.cannotHold }));
}

async function repeats(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  const { generation } = value(await bed.traffic.now());
  const change = { backend, held: false };
  const first = value(await bed.traffic.change(bed.op("one"), generation, change));
  const second = value(await bed.traffic.change(bed.op("one"), generation, change));
  assert.deepEqual(second, first);
  // A controller that took over repeats the step with its own epoch: no change, but the fence rises.
  const third = value(await bed.traffic.change(bed.op("one", 2), generation, change));
  assert.deepEqual(third, { ...first, epoch: 2 });
}

async function replaced(bed: TrafficBed): Promise<void> {
  const [one, two] = [await bed.backend("v1"), await bed.backend("v2")];
  const { generation } = value(await bed.traffic.now());
  await changed(bed, "one", { backend: one, held: false });
  const state = await changed(bed, "two", { backend: two, held: false });
  refused(await bed.traffic.change(bed.op("one"), generation, { backend: one, held: false }), "conflict");
  assert.deepEqual(value(await bed.traffic.now()), state);
}

async function survives(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  const state = await changed(bed, "one", { backend, held: false });
  const traffic = await bed.again();
  assert.deepEqual(value(await traffic.now()), state);
  assert.equal((await bed.ask("/")).release, backend.release);
}

async function holds(bed: TrafficBed): Promise<void> {
  const [one, two, last] = [await bed.backend("v1"), await bed.backend("v2"), await bed.backend("v3")];
  await changed(bed, "one", { backend: one, held: false });
  await changed(bed, "hold", { backend: one, held: true });
  let answered = 0;
  const asked = ["/a", "/b", "/c"].map(async (path) => {
    const answer = await bed.ask(path);
    answered += 1;
    return answer;
  });
  for (let round = 0; round < lookRounds; round += 1) value(await bed.traffic.now());
  assert.equal(answered, 0);
  await changed(bed, "two", { backend: two, held: true });
  for (let round = 0; round < lookRounds; round += 1) value(await bed.traffic.now());
  assert.equal(answered, 0);
  await changed(bed, "go", { backend: last, held: false });
  for (const answer of await Promise.all(asked)) {
    assert.deepEqual(answer, { status: 200, release: last.release });
  }
}

async function holdKeeps(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  const before = await changed(bed, "one", { backend, held: false });
  const held = await changed(bed, "hold", { backend, held: true });
  assert.deepEqual(held, { ...before, generation: before.generation + 1, op: bed.op("hold").id, held: true });
  const open = await changed(bed, "go", { backend, held: false });
  assert.deepEqual(open, { ...before, generation: before.generation + 2, op: bed.op("go").id });
  assert.deepEqual(await bed.ask("/"), { status: 200, release: backend.release });
}

async function refusesHold(bed: TrafficBed): Promise<void> {
  const [one, two] = [await bed.backend("v1"), await bed.backend("v2")];
  const state = await changed(bed, "one", { backend: one, held: false });
  const held = await bed.traffic.change(bed.op("hold"), state.generation, { backend: two, held: true });
  refused(held, "refused");
  assert.deepEqual(value(await bed.traffic.now()), state);
  assert.deepEqual(await bed.ask("/"), { status: 200, release: one.release });
}

async function nobody(bed: TrafficBed): Promise<void> {
  await changed(bed, "one", { backend: await bed.backend("v1"), held: false });
  await changed(bed, "none", { backend: null, held: false });
  assert.deepEqual(await bed.ask("/"), { status: 503, release: null });
  assert.deepEqual(value(await bed.traffic.whoAnswers("/", answerMs)), { status: 503, release: null });
}

async function returns(bed: TrafficBed): Promise<void> {
  const [one, two] = [await bed.backend("v1"), await bed.backend("v2")];
  const steps = [one, two, one, two, one];
  for (const [i, backend] of steps.entries()) {
    await changed(bed, `step-${i}`, { backend, held: false });
    assert.equal((await bed.ask("/")).release, backend.release);
  }
}

async function flights(bed: TrafficBed): Promise<void> {
  const backend = await bed.backend("v1");
  assert.equal(value(await bed.traffic.inFlight(backend.instance)), 0);
  assert.equal(value(await bed.traffic.inFlight("nobody-knows-it")), 0);
  await changed(bed, "one", { backend, held: false });
  await Promise.all(["/a", "/b", "/c"].map((path) => bed.ask(path)));
  // The last byte reaches the user before the edge has put the request away.
  for (let round = 0; round < lookRounds; round += 1) {
    if (value(await bed.traffic.inFlight(backend.instance)) === 0) return;
  }
  assert.fail("everything was answered, but something still counts as in flight");
}
