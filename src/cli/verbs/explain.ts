// lastgood explain | compare | freeze | report
import type { ReportKind } from "../../core/decide/severity.ts";
import { impacts, reportKinds, userShares } from "../../core/decide/severity.ts";
import { exitCodes, stopped } from "../../core/view/outcome.ts";
import { compareText } from "../format/compare.ts";
import { explainText } from "../format/explain.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export async function explainCommand(it: Shared, what: string | null): Promise<Shown> {
  const outcome = await connected(it, "explain", (connection) =>
    connection.call("explain", { env: it.env, what }, quiet),
  );
  if (it.json || !outcome.data["decision"]) return outcome;
  show(it, outcome, explainText(outcome.data, it.io));
  return { exit: exitCodes[outcome.outcome] };
}

export async function compareCommand(it: Shared, release: string | null, to: string | null): Promise<Shown> {
  const outcome = await connected(it, "compare", (connection) =>
    connection.call("compare", { env: it.env, release, to }, quiet),
  );
  if (it.json || !outcome.data["measures"]) return outcome;
  show(it, outcome, compareText(outcome.data, it.io));
  return { exit: exitCodes[outcome.outcome] };
}

type FreezeOptions = { readonly why: string | null; readonly lift: string | null };

export function freezeCommand(it: Shared, { why, lift }: FreezeOptions): Promise<Shown> {
  return connected(it, "freeze", (connection) =>
    connection.call("freeze", { env: it.env, why, lift, by: it.io.user }, quiet),
  );
}

type ReportOptions = {
  readonly plan: boolean;
  readonly impact?: string;
  readonly users?: string;
  readonly dataRisk?: boolean;
};

export function reportCommand(
  it: Shared,
  kind: string,
  what: string,
  options: ReportOptions,
): Promise<Shown> {
  const known = reportKinds.find((one) => one === kind);
  return connected(it, "report", async (connection) => {
    if (!known) return stopped("report", it.env, unknownKind(kind));
    const said = { kind: known satisfies ReportKind, what, by: it.io.user };
    const severity = {
      impact: impacts.find((one) => one === options.impact) ?? null,
      users: userShares.find((one) => one === options.users) ?? null,
      dataRisk: options.dataRisk ?? null,
    };
    return connection.call("report", { env: it.env, planOnly: options.plan, ...said, ...severity }, quiet);
  });
}

function unknownKind(kind: string) {
  const next = `Say one of: ${reportKinds.join(", ")}.`;
  return { code: "usage" as const, what: `nobody knows what "${kind}" is`, next };
}
