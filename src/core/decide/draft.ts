// A message to the payment provider, ready to be sent by a person. Pure.
import { count, percent } from "../detect/why.ts";
import type { Decision } from "./decide.ts";

export type Draft = { readonly to: string; readonly subject: string; readonly text: string };

type Where = {
  readonly app: string;
  readonly provider: string;
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** When the release that is watched began to serve; null: no watch. */
  readonly since: number | null;
};

export function paymentDraft(decision: Decision, { app, provider, now, since }: Where): Draft {
  const { finding, report, way } = decision;
  const onsetS = finding?.outcome === "bad" ? finding.onsetS : null;
  const from = since !== null ? since + (onsetS ?? 0) * 1_000 : now;
  const figures =
    finding && finding.requests > 0
      ? `${count(finding.errors)} of ${count(finding.requests)} attempts failed (${percent(finding.errors / finding.requests)}); up to ${percent(finding.threshold)} is usual for us.`
      : (report?.what ?? "Payments fail for our customers.");
  const done =
    decision.decision === "roll-back" && way
      ? `We have gone back to our former release ${way.to}.`
      : "We are looking into our own side.";
  const time = new Date(from).toISOString();
  return {
    to: provider,
    subject: `${app}: payments failing since ${time}`,
    text: [
      `Since ${time} payments fail at ${app}.`,
      figures,
      done,
      "Do you see failures for our account in this time? Please tell us whether any charge of these attempts went through.",
    ].join("\n"),
  };
}
