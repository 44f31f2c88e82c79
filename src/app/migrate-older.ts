// Would it do to take the code back alone? The release that serves, tried on a copy with the schema of the one that comes.
import type { Tried } from "../core/flows/tried.ts";
import { olderOnSchema, olderWords } from "../core/migrations/older.ts";
import type { Way } from "../core/migrations/way.ts";
import type { Release } from "../core/release.ts";
import { envState } from "../core/state.ts";
import type { TryOnSchema } from "../ports/migrations.ts";
import type { App, Site } from "./app.ts";
import { noTrial, notTried, tryRelease } from "./try-release.ts";

/** What was tried longer ago is tried again: the data is another by now. */
const freshMs = 24 * 60 * 60_000;

export type Asking = {
  /** Null where it is known already, or there is nothing to ask. */
  readonly tryOn: TryOnSchema | null;
  /** Whatever came of it is a fact, and a sentence for people. `ways`: null where they could not be made. */
  answer(ways: readonly Way[] | null): readonly string[];
};

const nothing: Asking = { tryOn: null, answer: () => [] };

/** `pending`: what the newer release brings. */
export function askOlder(app: App, site: Site, newer: Release, pending: readonly string[]): Asking {
  const { env } = site.settings;
  const { serving, releases, older: all } = envState(app.deps.ledger.state(), env);
  const older = serving === null ? undefined : releases[serving]?.release;
  if (!older || older.id === newer.id || pending.length === 0) return nothing;
  const known = olderOnSchema(all, older.id, newer.id);
  const isKnown =
    known !== null &&
    known.works !== "not-tried" &&
    known.migrations.join("\n") === pending.join("\n") &&
    app.deps.clock.now() - known.at < freshMs;
  if (isKnown) return { tryOn: null, answer: () => [olderWords(known, older.version, newer.version)] };
  let tried: Tried | null = null;
  const record = ({ works, why, flows, ms }: Tried) => {
    const names = flows.map(({ name }) => name);
    const ids = { older: older.id, newer: newer.id };
    const data = { env, ...ids, works, why, migrations: [...pending], flows: names, ms };
    const same = known?.works === "not-tried" && works === "not-tried" && known.why === why;
    if (!same) app.deps.ledger.record([{ type: "migrate.older-tried", data }]);
    return [olderWords({ works, why }, older.version, newer.version)];
  };
  const hopeless = noTrial(site, older);
  // A copy is not made for nothing.
  if (hopeless !== null) return { tryOn: null, answer: () => record(notTried(older.id, hopeless)) };
  return {
    async tryOn(place, why) {
      tried = place === null ? notTried(older.id, why) : await tryRelease(app, site, older, place);
    },
    answer: (ways) => record(tried ?? notTried(older.id, whyNot(ways))),
  };
}

function whyNot(ways: readonly Way[] | null): string {
  if (ways === null) return "no copy could be made";
  const failed = ways.find(({ why, after }) => why !== null && after === "");
  if (failed) return `${failed.name} did not run on the copy`;
  return ways.length === 0
    ? "its migrations are applied by their own tool, and not by us on a copy"
    : "its migrations did not all run on the copy";
}
