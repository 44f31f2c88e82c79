// The label of what a restore keeps.
import { ok, problem, type Result } from "../../core/result.ts";

const keptLabel = "before";

/** A backup must not look like what a restore keeps. */
export function passLabel(label: string): Result<void> {
  if (label !== keptLabel) return ok(undefined);
  return problem("usage", `the label "${keptLabel}" is taken by what restores keep`, "choose another label");
}
