// Budgets on the monotonic clock.
import { type Problem, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";

export type Timed<T> = { readonly result: Result<T>; readonly ms: number; readonly late: boolean };

/**
 * Run `work` for at most `ms`. When time is up its signal is aborted and `timeout` returned at once: whether it
 * still happens is for a probe to tell. An exception of `work` (a bug, a stopped journal) passes through.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  /** What is being done, for the message. */
  what: string,
  work: (signal: AbortSignal) => Promise<Result<T>>,
): Promise<Timed<T>> {
  const begun = clock.elapsed();
  const stop = new AbortController();
  const timer = new AbortController();
  const working = work(stop.signal);
  const late = clock.sleep(ms, timer.signal).then((): Result<T, Problem> => {
    return problem(
      "timeout",
      `${what}: not done after ${ms / 1000} s`,
      "Look at the target; lastgood status shows what serves.",
    );
  });
  const result = await Promise.race([working, late]);
  timer.abort("over");
  const timedOut = !result.ok && result.error.code === "timeout" && clock.elapsed() - begun >= ms;
  if (timedOut) {
    stop.abort();
    working.catch(() => undefined);
  }
  return { result, ms: Math.round(clock.elapsed() - begun), late: timedOut };
}
