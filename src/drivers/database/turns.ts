// One at a time: whatever opens the live database, so that a swap never meets a reader of our own.
import { problem, type Result } from "../../core/result.ts";

const WAITING_MAX = 64;

export type Turns = <T>(work: () => Promise<Result<T>>, signal?: AbortSignal) => Promise<Result<T>>;

/**
 * A reader of ours matters twice: SQLite's locks belong to the process, so one that closes the file drops the
 * locks of all; and one that still has the old file open at a swap would leave its sidecars beside the new one.
 */
export function makeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (work, signal) => {
    if (waiting >= WAITING_MAX)
      return problem(
        "busy",
        `${WAITING_MAX} calls wait for the database already`,
        "wait until they are done",
      );
    waiting++;
    const turn = last.then(() => {
      waiting--;
      return signal?.aborted ? cancelled() : work();
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}

export function cancelled(): Result<never> {
  return problem(
    "cancelled",
    "called off before the database was changed",
    "run again if it is still wanted",
  );
}
