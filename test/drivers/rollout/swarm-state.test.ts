// What the engine says of a service, as one answer: shapes as engine 20.10 gave them.
import { expect, test } from "vitest";
import {
  generationOf,
  type Look,
  markOf,
  pushedOf,
  rolloutState,
  writtenOff,
} from "../../../src/drivers/rollout/swarm-state.ts";
import type { SwarmState, SwarmTask } from "../../../src/drivers/runtime/swarm/api.ts";

const at = Date.parse("2026-01-01T12:00:00Z");
const [one, two] = ["node-1", "node-2"];

test("all copies run it and the engine has watched them: steady", () => {
  expect(rolloutState(look({ update: "completed", tasks: [copy(1), copy(2)] }))).toEqual({
    generation: 42,
    release: "v2",
    op: "op-2",
    state: "steady",
    running: 2,
    wanted: 2,
    what: "2 of 2 copies run it",
  });
});

test("as long as the engine watches, or another release has a copy, it is updating", () => {
  expect(stateOf({ update: "updating", tasks: [copy(1), copy(2)] })).toBe("updating");
  expect(stateOf({ update: "completed", tasks: [copy(1), copy(2, { release: "v1" })] })).toBe("updating");
  const ending = copy(2, { release: "v1", desired: "shutdown" });
  expect(stateOf({ update: "completed", tasks: [copy(1), copy(2), ending] })).toBe("updating");
});

test("the same release of another image is not it", () => {
  expect(stateOf({ update: "completed", tasks: [copy(1), copy(2, { image: "sha256:other" })] })).toBe(
    "updating",
  );
});

test("a fresh service is steady only after the time that an update would be watched", () => {
  const since = (seconds: number) => copy(1, { since: at - seconds * 1_000 });
  expect(stateOf({ update: null, tasks: [since(60), since(4)] })).toBe("updating");
  expect(stateOf({ update: null, tasks: [since(60), since(6)] })).toBe("steady");
});

test("right after an order the engine's silence says nothing: its updater may not have begun", () => {
  const seen = look({ update: null, tasks: [copy(1), copy(2)] });
  const fresh = { ...seen, service: { ...seen.service, UpdatedAt: new Date(at - 1_000).toISOString() } };
  expect([rolloutState(seen).state, rolloutState(fresh).state]).toEqual(["steady", "updating"]);
});

test.each(["paused", "rollback_started", "rollback_completed", "rollback_paused"])(
  "%s is failed",
  (update) => {
    expect(stateOf({ update, tasks: [copy(1), copy(2)] })).toBe("failed");
  },
);

test("a copy that fails again and again is failed, also where the engine was content", () => {
  const failed = copy(2, { state: "failed", desired: "shutdown", why: "task: non-zero exit (3)" });
  const state = rolloutState(look({ update: "completed", tasks: [copy(1), failed, failed] }));
  expect(state.state).toBe("failed");
  expect(state.what).toContain("failed on node-1: task: non-zero exit (3)");
  expect(stateOf({ update: "completed", tasks: [copy(1), failed] })).toBe("updating");
  // It came up at last.
  expect(stateOf({ update: "completed", tasks: [copy(1), copy(2), failed, failed] })).toBe("steady");
});

test("copies on a lost node do not count, neither as running nor as left over", () => {
  const lost = { nodes: { [one]: "ready", [two]: "down" } };
  const onLost = copy(2, { node: two });
  const state = rolloutState(look({ update: "completed", tasks: [copy(1), onLost], ...lost }));
  expect(state).toMatchObject({
    state: "updating",
    running: 1,
    what: expect.stringContaining("lost: node-2"),
  });
  const left = copy(2, { release: "v1", desired: "shutdown", node: two });
  expect(stateOf({ update: "completed", tasks: [copy(1), copy(2), left], ...lost })).toBe("steady");
});

test("somebody else's change keeps our labels: the mark is gone, the engine's number counts", () => {
  const touched = service({ update: "completed", before: { op: "op-2" } });
  expect(markOf(touched)).toBeNull();
  expect(generationOf(touched)).toBe(500);
});

test("what was taken back by hand is not what we said last", () => {
  expect(markOf(service({ update: "rollback_completed", before: null }))).toBeNull();
});

test("our change keeps its number whatever the engine notes down, also when it was told again", () => {
  expect(generationOf(service({ update: "updating", before: { op: "op-1" } }))).toBe(42);
  const again = service({ update: "updating", before: { op: "op-2" }, pushed: "1" });
  expect([markOf(again), generationOf(again), pushedOf(again)]).toEqual(["op-2", 42, 1]);
});

test("a copy that was to begin on a lost node is written off; one that waits for a place forbids to tell again", () => {
  const stuck = copy(2, { state: "assigned", desired: "shutdown", node: two });
  const lost = { update: "updating", nodes: { [one]: "ready", [two]: "down" } };
  expect(writtenOff(look({ ...lost, tasks: [copy(1), stuck] }))).toBe(1);
  expect(writtenOff(look({ ...lost, tasks: [stuck, copy(3, { state: "pending" })] }))).toBe(0);
  expect(writtenOff(look({ ...lost, nodes: { [one]: "ready", [two]: "ready" }, tasks: [stuck] }))).toBe(0);
  expect(writtenOff(look({ ...lost, update: "completed", tasks: [stuck] }))).toBe(0);
});

type Told = {
  readonly update: string | null;
  readonly tasks: readonly SwarmTask[];
  readonly nodes?: Readonly<Record<string, string>>;
};

function stateOf(told: Told): string {
  return rolloutState(look(told)).state;
}

function look({ update, tasks, nodes = { [one]: "ready" } }: Told): Look {
  const machines = Object.entries(nodes).map(([ID, State]) => ({
    ID,
    Description: { Hostname: ID },
    Status: { State },
  }));
  return { service: service({ update, before: { op: "op-1" } }), tasks, nodes: machines, at };
}

type Marked = {
  readonly update: string | null;
  readonly before: { readonly op: string } | null;
  readonly pushed?: string;
};

function service({ update, before, pushed }: Marked): SwarmState {
  const labels = { "lastgood.release": "v2", "lastgood.op": "op-2", "lastgood.generation": "41" };
  return {
    ID: "service-1",
    Version: { Index: 500 },
    UpdatedAt: new Date(at - 60_000).toISOString(),
    Spec: {
      Name: "shop_web",
      Labels: { ...labels, ...(pushed ? { "lastgood.pushed": pushed } : {}) },
      TaskTemplate: { ContainerSpec: { Image: "sha256:app", Labels: { "lastgood.release": "v2" } } },
      Mode: { Replicated: { Replicas: 2 } },
    },
    ...(before ? { PreviousSpec: { Labels: { "lastgood.op": before.op } } } : {}),
    ...(update ? { UpdateStatus: { State: update, Message: "said the engine" } } : {}),
  };
}

type Copy = {
  readonly release?: string;
  readonly image?: string;
  readonly state?: string;
  readonly desired?: string;
  readonly node?: string;
  readonly since?: number;
  readonly why?: string;
};

function copy(
  slot: number,
  { release = "v2", image = "sha256:app", state = "running", ...rest }: Copy = {},
): SwarmTask {
  const { desired = "running", node = one, since = at - 60_000, why } = rest;
  return {
    ID: `task-${slot}-${release}`,
    Slot: slot,
    NodeID: node,
    DesiredState: desired,
    Spec: { ContainerSpec: { Image: image, Labels: { "lastgood.release": release } } },
    Status: { Timestamp: new Date(since).toISOString(), State: state, ...(why ? { Err: why } : {}) },
  };
}
