// What a proxy that did not start said before its end, as a problem with the next step.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { type ProblemCode, problem, type Result } from "../../../core/result.ts";

const exitLine = z.object({ event: z.literal("exit"), code: z.string(), what: z.string() });

/** What the proxy says before it gives up: the code, as a problem's code and the next step. */
const exitProblems: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  "port-in-use": [
    "port-in-use",
    "free the port (find who has it: ss -ltnp), or choose another in the config",
  ],
  busy: ["busy", "another proxy has this state folder: stop it first"],
  damaged: ["damaged", "move the damaged route file away, start again, and switch to the release that runs"],
  config: ["config", "correct the address or the settings, then try again"],
};

/** `tail`: the end of its log. `log`: where a person finds all of it. */
export function startProblem(tail: string, log: string): Result<never> {
  for (const line of tail.split("\n").reverse()) {
    const said = exitLine.safeParse(parseJson(line));
    if (!said.success) continue;
    const [code, next] = exitProblems[said.data.code] ?? ["failed", `look into ${log}`];
    return problem(code, `the proxy did not start: ${said.data.what}`, next, log);
  }
  const last = tail.trim().split("\n").at(-1) ?? "";
  return problem("failed", `the proxy ended at once, and said: ${last.slice(0, 300)}`, `look into ${log}`);
}
