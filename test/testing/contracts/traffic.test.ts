import { describe, expect, test } from "vitest";
import { err, ok, problem, type Result } from "../../../src/core/result.ts";
import type { Backend, RouteState, Traffic } from "../../../src/ports/traffic.ts";
import {
  type TrafficBed,
  type TrafficCase,
  trafficContract,
} from "../../../src/testing/contracts/traffic.ts";

/** Ways to be wrong, each of which a case must notice. */
type Fault =
  | "forgets the fence"
  | "forgets the generation"
  | "counts repeats"
  | "forgets over restarts"
  | "does not hold"
  | "releases to the former backend"
  | "answers without a backend"
  | "keeps the former backend"
  | "loses the op"
  | "leaks in-flight counts";

const start: RouteState = { generation: 0, op: null, backend: null, held: false, epoch: 0 };

/** A simulated edge: a few lines of state, no sockets. */
function simulated(fault: Fault | null): TrafficBed {
  let state = start;
  let waiting: ((backend: Backend | null) => void)[] = [];
  let counted = 0;
  const is = (what: Fault) => fault === what;

  function change(...[op, expected, { backend, held }]: Parameters<Traffic["change"]>): Result<RouteState> {
    if (op.epoch < state.epoch && !is("forgets the fence"))
      return problem("fenced", "a higher epoch acts", "stop");
    const same =
      JSON.stringify([state.op, state.backend, state.held]) === JSON.stringify([op.id, backend, held]);
    if (same && !is("counts repeats")) {
      state = { ...state, epoch: op.epoch };
      return ok(state);
    }
    if (expected !== state.generation && !is("forgets the generation") && !same) {
      return err({ code: "conflict", what: "moved", next: "read again" });
    }
    const former = state.backend;
    const shown = is("keeps the former backend") && former ? former : backend;
    const id = is("loses the op") ? null : op.id;
    state = { generation: state.generation + 1, op: id, backend: shown, held, epoch: op.epoch };
    if (!held) {
      const free = waiting;
      waiting = [];
      for (const go of free) go(is("releases to the former backend") ? former : shown);
    }
    return ok(state);
  }

  const traffic: Traffic = {
    now: async () => ok(state),
    change: async (...asked) => change(...asked),
    inFlight: async () => ok(is("leaks in-flight counts") ? counted : 0),
    whoAnswers: async () => ok(answer(state.backend)),
  };
  function answer(backend: Backend | null) {
    counted += 1;
    if (backend) return { status: 200, release: backend.release };
    return { status: is("answers without a backend") ? 200 : 503, release: null };
  }
  return {
    traffic,
    async again() {
      if (is("forgets over restarts")) state = start;
      return traffic;
    },
    op: (id, epoch = 1) => ({ id, epoch, signal: new AbortController().signal }),
    backend: async (name) => ({ release: name, instance: `${name}-1`, url: `http://${name}:80` }),
    async ask() {
      if (!state.held || is("does not hold")) return answer(state.backend);
      return answer(await new Promise<Backend | null>((go) => waiting.push(go)));
    },
  };
}

async function failing(fault: Fault | null): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of trafficContract as readonly TrafficCase[]) {
    await run(simulated(fault)).catch(() => failed.push(name));
  }
  return failed;
}

describe("the contract of traffic drivers", () => {
  test("is fulfilled by a simulated edge", async () => expect(await failing(null)).toEqual([]));

  const faults: readonly Fault[] = [
    "forgets the fence",
    "forgets the generation",
    "counts repeats",
    "forgets over restarts",
    "does not hold",
    "releases to the former backend",
    "answers without a backend",
    "keeps the former backend",
    "loses the op",
    "leaks in-flight counts",
  ];
  test.each(faults)("is not fulfilled by one that %s", async (fault) => {
    expect(await failing(fault)).not.toEqual([]);
  });
});
