// A platform in memory that replaces services copy by copy, one with each turn. Keeps the contract of the real ones.
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Op } from "../ports/op.ts";
import type { Rollout, RolloutState } from "../ports/rollout.ts";

type Copy = { readonly release: string; readonly runs: boolean };

type Placed = {
  generation: number;
  release: string | null;
  op: string | null;
  /** Gave up: a copy of the newest release did not come up. */
  gaveUp: boolean;
  copies: Copy[];
};

/** What is there, whoever looks at it; survives the controllers. */
export type MemoryPlatform = {
  readonly services: Map<string, Placed>;
  /** Highest epoch that ever gave an order. */
  epoch: number;
  readonly wanted: number;
  /** Does a copy of this release come up? */
  comesUp(release: string): boolean;
};

export function newPlatform(wanted: number, comesUp: (release: string) => boolean): MemoryPlatform {
  return { services: new Map(), epoch: Number.NEGATIVE_INFINITY, wanted, comesUp };
}

/** The platform replaces one copy of each service; it stops at the first that does not come up. */
export function turn(platform: MemoryPlatform): void {
  for (const service of platform.services.values()) {
    const { release, copies } = service;
    if (release === null || service.gaveUp) continue;
    const at = copies.findIndex((copy) => copy.release !== release || !copy.runs);
    if (at < 0) continue;
    const runs = platform.comesUp(release);
    copies[at] = { release, runs };
    service.gaveUp = !runs;
  }
}

/** Somebody else touches a service: what it runs stays, the mark of ours goes. */
export function meddle(platform: MemoryPlatform, service: string): void {
  const placed = platform.services.get(service);
  if (!placed) return;
  placed.generation += 1;
  placed.op = null;
}

export function runningCount(platform: MemoryPlatform, service: string, release: string): number {
  const copies = platform.services.get(service)?.copies ?? [];
  return copies.filter((copy) => copy.release === release && copy.runs).length;
}

/** `turn` moves the platform on; nothing happens by itself. */
export function memoryRollout(platform: MemoryPlatform): Rollout {
  return {
    now: async (service) => now(platform, service),
    change: async (op, service, expected, release) => {
      const taken = order(platform, op, service, expected, release);
      return taken.ok ? now(platform, service) : taken;
    },
  };
}

function order(
  platform: MemoryPlatform,
  op: Op,
  service: string,
  expected: number,
  release: Release,
): Result<void> {
  if (op.signal.aborted)
    return problem("cancelled", "called off before it began", "Do it again if it is wanted.");
  if (op.epoch < platform.epoch)
    return problem("fenced", "a newer controller has taken over", "End this one.");
  platform.epoch = op.epoch;
  const placed = platform.services.get(service);
  if (placed?.op === op.id) return ok(undefined);
  if ((placed?.generation ?? 0) !== expected) {
    return problem("conflict", `${service} was changed meanwhile`, "Look at it, then say it again.");
  }
  const empty = Array.from({ length: platform.wanted }, () => ({ release: "", runs: false }));
  platform.services.set(service, {
    generation: expected + 1,
    release: release.id,
    op: op.id,
    gaveUp: false,
    copies: placed?.copies ?? empty,
  });
  return ok(undefined);
}

function now(platform: MemoryPlatform, service: string): Result<RolloutState> {
  const placed = platform.services.get(service);
  if (!placed) return problem("missing", `there is no service ${service}`, "Deploy it.");
  const { generation, release, op, gaveUp } = placed;
  const running = release === null ? 0 : runningCount(platform, service, release);
  const isWhole = running === platform.wanted;
  const what = `${running} of ${platform.wanted} copies run it${gaveUp ? "; a copy ended" : ""}`;
  const state = gaveUp ? "failed" : isWhole ? "steady" : "updating";
  return ok({ generation, release, op, state, running, wanted: platform.wanted, what });
}
