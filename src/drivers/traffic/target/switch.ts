// Compare and set for edges that know nothing of generations: records beside them, and one act that counts.
//
// A change is made ready under a fresh name, takes its number, and is put in place by an act that uses the
// ready thing up. Whoever wants to change the route later first takes away what lies ready: a controller that
// slept between taking its number and acting then finds nothing to put in place.
import { ok, type Problem, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Op } from "../../../ports/op.ts";
import type { RouteChange, RouteState, Traffic } from "../../../ports/traffic.ts";
import { nothingRouted, type RouteRecord, type TargetRecords } from "./records.ts";

/** How one kind of edge is moved. `record.seq` names a change; `live` answers with it. */
export type Mechanism = {
  /** What people call it: `nginx`. */
  readonly name: string;
  /** Number of the record that new requests follow, asked of the edge itself; 0 before the first. */
  live(): Promise<Result<number>>;
  /** Take away what was made ready and never put in place. */
  sweep(): Promise<Result<void>>;
  /** Check and make ready, without effect on requests. */
  prepare(op: Op, record: RouteRecord): Promise<Result<void>>;
  /** Put in place what `prepare` made; `conflict` when it was taken away. */
  commit(op: Op, record: RouteRecord): Promise<Result<void>>;
  /**
   * Wait until every new request follows it, as the edge says. `still`: where that never left this change, it is
   * as good: an edge that refused the change need not be made to take the former one again.
   */
  prove(op: Op, record: RouteRecord, still: number | null): Promise<Result<void>>;
};

export type SwitchDeps = { readonly records: TargetRecords; readonly clock: Clock };

type Seen = { readonly state: RouteState; readonly liveSeq: number; readonly newestSeq: number };

/** The two calls of `Traffic` that are the same for all of them. */
export function switchBy(mechanism: Mechanism, deps: SwitchDeps): Pick<Traffic, "now" | "change"> {
  const edge: Edge = { mechanism, ...deps };
  let last: Promise<unknown> = Promise.resolve();
  return {
    async now() {
      const seen = await see(edge);
      return seen.ok ? ok(seen.value.state) : seen;
    },
    change(op, expected, wanted) {
      const mine = last.then(() => change(edge, op, expected, wanted));
      last = mine.catch(() => undefined); // the caller gets it; the next one only waits for its end
      return mine;
    },
  };
}

type Edge = SwitchDeps & { readonly mechanism: Mechanism };

async function see({ mechanism, records }: Edge): Promise<Result<Seen>> {
  const newest = await records.newest();
  if (!newest.ok) return newest;
  const live = await mechanism.live();
  if (!live.ok) return live;
  const epoch = newest.value?.epoch ?? 0;
  const seqs = { liveSeq: live.value, newestSeq: newest.value?.seq ?? 0 };
  if (live.value === 0) return ok({ state: { ...nothingRouted, epoch }, ...seqs });
  const record = await records.at(live.value);
  if (!record.ok) return record;
  const { generation, op, backend } = record.value;
  return ok({ state: { generation, op, backend, held: false, epoch }, ...seqs });
}

async function change(
  edge: Edge,
  op: Op,
  expected: number,
  { backend, held }: RouteChange,
): Promise<Result<RouteState>> {
  const { mechanism, records, clock } = edge;
  if (held) return cannotHold(mechanism.name);
  const swept = await sweepUnlessFenced(edge, op);
  if (!swept.ok) return swept;
  const seen = await see(edge);
  if (!seen.ok) return seen;
  const { state, newestSeq } = seen.value;
  const fresh = { seq: newestSeq + 1, op: op.id, backend, epoch: op.epoch, atMs: clock.now() };
  if (state.op === op.id && JSON.stringify(state.backend) === JSON.stringify(backend)) {
    if (op.epoch === state.epoch) return ok(state);
    const raised = await records.claim(op, { ...fresh, generation: state.generation, fence: true });
    return raised.ok ? ok({ ...state, epoch: op.epoch }) : raised;
  }
  if (state.generation !== expected) return moved(expected, state);
  const record = { ...fresh, generation: expected + 1, fence: false };
  const put = await putInPlace(edge, op, record, null);
  if (put.ok) return ok({ generation: record.generation, op: op.id, backend, held: false, epoch: op.epoch });
  const { committed, problem: why } = put.error;
  return committed ? putBack(edge, op, record, seen.value, why) : { ok: false, error: why };
}

/** Nothing is taken from a newer controller. */
async function sweepUnlessFenced({ mechanism, records }: Edge, op: Op): Promise<Result<void>> {
  const newest = await records.newest();
  if (!newest.ok) return newest;
  const epoch = newest.value?.epoch ?? 0;
  return op.epoch < epoch ? fenced(op.epoch, epoch) : mechanism.sweep();
}

async function putInPlace(
  { mechanism, records }: Edge,
  op: Op,
  record: RouteRecord,
  still: number | null,
): Promise<Result<void, Half>> {
  for (const act of [mechanism.prepare, records.claim, mechanism.commit]) {
    const done = await act(op, record);
    if (!done.ok) return half(done.error, false);
  }
  const proved = await mechanism.prove(op, record, still);
  if (!proved.ok) return half(proved.error, true);
  const newest = await records.newest();
  if (!newest.ok) return half(newest.error, false);
  return newest.value?.seq === record.seq ? ok(undefined) : half(overtaken, false);
}

/** What was in place before is put in place again, so that a change that failed changed nothing. */
async function putBack(
  edge: Edge,
  op: Op,
  failed: RouteRecord,
  { state, liveSeq }: Seen,
  why: Problem,
): Promise<Result<never>> {
  // Not cut short by the caller: it must be finished, or the target stays between two states.
  const own = { ...op, signal: new AbortController().signal };
  const { generation, backend, op: former } = state;
  const record = { ...failed, seq: failed.seq + 1, generation, op: former, backend, atMs: edge.clock.now() };
  const back = await putInPlace(edge, own, record, liveSeq);
  const what = back.ok
    ? `${why.what}; the former route was put back`
    : `${why.what}; and the former route could not be put back: ${back.error.problem.what}`;
  return { ok: false, error: { ...why, what } };
}

type Half = { readonly problem: Problem; readonly committed: boolean };

function half(error: Problem, committed: boolean): Result<never, Half> {
  return { ok: false, error: { problem: error, committed } };
}

const overtaken: Problem = {
  code: "conflict",
  what: "somebody else changed the route at the same time",
  next: "read the route again and plan anew",
};

function fenced(mine: number, theirs: number): Result<never> {
  const what = `a controller of epoch ${theirs} has this route, and this one has epoch ${mine}`;
  return problem("fenced", what, "leave it to the controller that took over");
}

function moved(expected: number, { generation, op }: RouteState): Result<never> {
  const what = `the route is at generation ${generation} (${op ?? "nobody's change"}), not ${expected}`;
  return problem("conflict", what, "read the route again and plan anew: somebody else changed it");
}

function cannotHold(name: string): Result<never> {
  return problem(
    "refused",
    `${name} cannot make requests wait`,
    `use the strategy side-by-side, or put Lastgood's own proxy behind ${name} (traffic.kind: proxy)`,
  );
}
