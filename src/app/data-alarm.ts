// Data that is not right any more is a trigger: the integrity checks are asked, and what is broken is decided on.
import type { App } from "./app.ts";
import type { Desk } from "./find-backup.ts";
import { checkedWords, checkLive } from "./integrity.ts";
import { report } from "./report.ts";
import { wasSaid } from "./was-said.ts";

const by = "integrity check";

/** Beside the beat of the controller; by hand a person sees what is broken, and decides. */
export async function watchData(app: App, desk: Desk): Promise<void> {
  const checked = await checkLive(app, desk);
  if (!checked?.ok || checked.value.failures.length === 0) return;
  const { env } = desk.site.settings;
  const subject = checked.value.failures.map(({ name }) => name).join(", ");
  if (wasSaid(app, env, { by, subject })) return;
  const what = checkedWords("the live database", checked);
  const severity = { impact: null, users: null, dataRisk: null };
  await report(app, { env, planOnly: false, kind: "corruption", by, what, subject, ...severity });
}
