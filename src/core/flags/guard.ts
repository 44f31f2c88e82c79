// What follows from watching a switch: back by itself, a person, or nothing. Pure.
import type { Finding } from "../detect/finding.ts";
import type { Flag } from "./model.ts";
import { offVariant } from "./model.ts";
import type { Guard } from "./state.ts";

export type GuardSituation = {
  readonly guard: Guard;
  readonly finding: Finding;
  readonly flag: Flag | undefined;
  /** `auto`, `ask` or `never`, from the config. */
  readonly policy: "auto" | "ask" | "never";
  /** When a switch was last undone without a person, wall clock; null: never. */
  readonly undoneAt: number | null;
  readonly now: number;
};

export type GuardDecision = {
  readonly act: "undo" | "ask" | "none";
  readonly rule: string;
  readonly why: string;
};

/** One act by itself in this time; after that a person is asked: what does not stay mended was not the cause. */
export const oneActMs = 30 * 60_000;

export function decideGuard({ guard, finding, flag, policy, undoneAt, now }: GuardSituation): GuardDecision {
  const said = (act: GuardDecision["act"], rule: string) => ({ act, rule, why: finding.why });
  if (finding.outcome !== "bad") return said("none", "not-bad");
  if (finding.breadth === "single-client") return said("none", "single-client");
  if (policy === "never") return said("none", "policy-never");
  if (policy === "ask") return said("ask", "policy-ask");
  // A kill is the safe direction, and mostly made while things are bad already: nobody but a person takes it back.
  if (flag && guard.variant === offVariant(flag)) return said("ask", "never-undo-a-kill");
  if (undoneAt !== null && now - undoneAt < oneActMs) return said("ask", "one-act-per-window");
  return said("undo", finding.breadth === "down" ? "down" : "broad-errors");
}
