// Which certificates visitors are shown, beside the beat of the controller: a renewed one is a change like a deploy.
import { envState } from "../core/state.ts";
import type { Check } from "../ports/checkup.ts";
import type { App, Site } from "./app.ts";

const everyMs = 5 * 60_000;
const lookMs = 5_000;

/** Runs until the controller stops. What does not answer is doctor's to tell. */
export async function watchCertificates(app: App, site: Site): Promise<void> {
  const { clock } = app.deps;
  const lookedAt = new Map<string, number>();
  while (!app.stopping.aborted && site.certificates.length > 0) {
    for (const check of site.certificates) await look(app, site, check, lookedAt);
    await clock.sleep(everyMs, app.stopping);
  }
}

type Shown = {
  readonly about: string;
  readonly fingerprint: string;
  readonly beganAt: number;
  readonly endsAt: number;
};

/** CHANGES `lookedAt`: when what is known was seen last, by what shows it. */
async function look(app: App, site: Site, check: Check, lookedAt: Map<string, number>): Promise<void> {
  const { ledger, clock } = app.deps;
  const { env } = site.settings;
  const now = clock.now();
  for (const { about, fingerprint, beganAt, endsAt } of await shownNow(app, check)) {
    const known = envState(ledger.state(), env).changes.certificates[about];
    const since = Math.min(now, Math.max(beganAt, lookedAt.get(about) ?? 0));
    lookedAt.set(about, now);
    if (known !== fingerprint)
      ledger.record([{ type: "certificate.seen", data: { env, about, fingerprint, endsAt, since } }]);
  }
}

async function shownNow({ deps, stopping }: App, check: Check): Promise<readonly Shown[]> {
  const [late, early] = [new AbortController(), new AbortController()];
  const limit = deps.clock.sleep(lookMs, early.signal).then(() => late.abort());
  const looked = await check.look(AbortSignal.any([stopping, late.signal]));
  early.abort();
  await limit;
  return looked.ok ? looked.value.flatMap(shownBy) : [];
}

function shownBy({ about, data }: { about: string; data: Readonly<Record<string, unknown>> }): Shown[] {
  const { fingerprint, beganAt, endsAt } = data;
  const isShown = typeof fingerprint === "string" && typeof endsAt === "number";
  return isShown && typeof beganAt === "number" ? [{ about, fingerprint, beganAt, endsAt }] : [];
}
