// How the verbs of lastgood flag end.
import type { JsonObject } from "../core/json.ts";
import type { Problem } from "../core/result.ts";
import type { Outcome } from "../core/view/outcome.ts";

const verb = "flag";

export function noFlagsHere(env: string): Problem {
  const next =
    "Name the definition file in lastgood.yml: flags: { file: flags.json }. docs/guides/flags.md explains it.";
  return { code: "config", what: `${env} has no flags`, next };
}

export function outcome(
  env: string,
  ending: Outcome["outcome"],
  what: string,
  means: string,
  next: string,
  data: JsonObject,
): Outcome {
  return { verb, env, outcome: ending, what, means, next, problem: null, data };
}
