// A plan for people: what would be done, in order, and the way back.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { harmless, paint } from "./paint.ts";
import { waysText } from "./ways.ts";

type PlanRow = { readonly title: string };

export function planText(data: JsonObject, io: Io): string {
  const plan = data["plan"] as JsonObject | undefined;
  if (!plan) return "";
  const { bold, dim, yellow } = paint(io.color);
  const rows = (list: unknown) =>
    (list as PlanRow[]).map((step, index) => `  ${index + 1}. ${harmless(step.title)}`);
  const warnings = ((data["warnings"] as string[] | undefined) ?? []).map((warning) =>
    yellow(`! ${warning}`),
  );
  const notes = (plan["notes"] as string[]).map((note) => `  ${note}`);
  const waits = plan["downtime"] === true ? "  People wait while it is done." : "  No downtime.";
  const downtime = plan["from"] === null ? "  Nothing serves yet." : waits;
  const back =
    (plan["wayBack"] as PlanRow[]).length > 0
      ? [dim("If a step fails:"), ...rows(plan["wayBack"]).map(dim)]
      : [];
  return [
    bold(`${plan["kind"]} ${plan["from"] ?? "nothing"} → ${plan["target"]}`),
    ...warnings,
    ...rows(plan["steps"]),
    downtime,
    ...notes,
    ...waysText(data, io),
    ...back,
  ].join("\n");
}
