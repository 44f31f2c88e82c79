// Time that passes only when nothing else can happen.
import type { Clock } from "../../ports/clock.ts";

type Timer = { readonly at: number; readonly wake: () => void };

export type SimClock = Clock & {
  /** Let the promise settle, moving time on from timer to timer. Throws what it throws. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** The wall clock is set to another time; the monotonic one does not notice. */
  jump(ms: number): void;
};

const idleRounds = 100_000;

export function simClock(bootId: () => string): SimClock {
  let elapsedMs = 0;
  let wallMs = 1_700_000_000_000;
  const timers = new Set<Timer>();

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        timers.delete(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = { at: elapsedMs + Math.max(0, ms), wake };
      timers.add(timer);
      signal?.addEventListener("abort", wake);
    });
  }

  async function settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    done.catch(() => undefined);
    for (let round = 0; round < idleRounds; round++) {
      // All simulated ports answer within microtasks: one macrotask later everything that can go on has gone on.
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) break;
      const next = [...timers].sort((a, b) => a.at - b.at)[0];
      if (!next) continue;
      wallMs += next.at - elapsedMs;
      elapsedMs = next.at;
      next.wake();
    }
    timers.clear();
    return done;
  }

  return {
    now: () => wallMs,
    elapsed: () => elapsedMs,
    bootId,
    sleep,
    settle,
    jump(ms) {
      wallMs += ms;
    },
  };
}
