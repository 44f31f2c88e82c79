// Holds the route: one change at a time, on disk before it takes effect, in effect before it is acknowledged.
import { judge, type RouteChange, type RouteState } from "./route.ts";

export type ChangeOutcome =
  | { readonly is: "changed"; readonly state: RouteState }
  | { readonly is: "refused"; readonly reason: "conflict" | "fenced"; readonly state: RouteState }
  | { readonly is: "not-saved"; readonly error: NodeJS.ErrnoException; readonly state: RouteState };

export type RouteKeeper = {
  now(): RouteState;
  change(change: RouteChange): Promise<ChangeOutcome>;
  /** Is this epoch still allowed to act? Remembers a higher one. */
  admit(epoch: number): Promise<boolean>;
};

export function routeKeeper(
  initial: RouteState,
  save: (state: RouteState) => Promise<void>,
  take: (state: RouteState) => void,
): RouteKeeper {
  let current = initial;
  let queue: Promise<unknown> = Promise.resolve();

  async function settle(next: RouteState): Promise<NodeJS.ErrnoException | null> {
    if (next === current) return null;
    const former = current;
    try {
      await save(next);
    } catch (error) {
      // The rename may have happened before the failure: put the old route back if the disk lets us.
      await save(former).catch(() => undefined);
      return error as NodeJS.ErrnoException;
    }
    current = next;
    if (next.generation !== former.generation) take(next);
    return null;
  }

  async function apply(change: RouteChange): Promise<ChangeOutcome> {
    const verdict = judge(current, change);
    const error = await settle(verdict.next);
    if (error) return { is: "not-saved", error, state: current };
    if (verdict.is === "refused") return { is: "refused", reason: verdict.reason, state: current };
    return { is: "changed", state: current };
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  return {
    now: () => current,
    change: (change) => inTurn(() => apply(change)),
    admit: (epoch) =>
      inTurn(async () => {
        if (epoch < current.epoch) return false;
        await settle(epoch > current.epoch ? { ...current, epoch } : current);
        return true;
      }),
  };
}
