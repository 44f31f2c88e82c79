// Who is tried on a copy is watched: seen in the copy it proves that the copy was asked, seen in the live one it ends.
import { ok, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { CopyPlace } from "../ports/database.ts";
import type { Instance } from "../ports/runtime.ts";
import type { Trials } from "../ports/trials.ts";

const LOOK_EVERY_MS = 50;

export type Seen = { readonly copy: number; readonly live: number; readonly place: CopyPlace };

export type Guarded = {
  /** Aborted at the first session in the live database. */
  readonly signal: AbortSignal;
  /** Connections of this one count as well, whatever they call themselves. */
  follow(instance: Instance): void;
  /** Looks once more, and then no longer. The second call gives the same. */
  end(): Promise<Result<Seen>>;
};

type Watched = {
  readonly clock: Clock;
  readonly place: CopyPlace;
  readonly trials: Pick<Trials, "callers">;
  readonly mark: string;
};

export function guardCopy({ clock, place, trials, mark }: Watched): Guarded {
  const followed: Instance[] = [];
  const [breach, over] = [new AbortController(), new AbortController()];
  let most: Result<Seen> = ok({ copy: 0, live: 0, place });
  const look = async () => {
    const callers = (await Promise.all(followed.map((one) => trials.callers(one)))).flat();
    const seen = await place.seen(mark, callers);
    if (!most.ok) return;
    most = seen.ok ? ok(larger(most.value, seen.value)) : seen;
    // A guard that sees nothing guards nothing.
    if (!most.ok || most.value.live > 0) breach.abort();
  };
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look();
      await clock.sleep(LOOK_EVERY_MS, over.signal);
    }
    await look();
    return most;
  })();
  return {
    signal: breach.signal,
    follow: (instance) => void followed.push(instance),
    end() {
      over.abort();
      return looking;
    },
  };
}

function larger(most: Seen, { copy, live }: { copy: number; live: number }): Seen {
  return { ...most, copy: Math.max(most.copy, copy), live: Math.max(most.live, live) };
}
