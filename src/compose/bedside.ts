// Looking at parts without a controller and without the journal's lock: those may be what is broken.
import { type LogsInput, logs } from "../app/logs.ts";
import type { Bedside } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import { stopped } from "../core/view/outcome.ts";
import { partsOf } from "./care.ts";
import { runDoctor } from "./doctor.ts";
import { thisMachine } from "./machine.ts";
import { statePaths } from "./paths.ts";
import { siteOf } from "./site.ts";

export function bedside(config: Config): Bedside {
  const machine = thisMachine();
  const paths = statePaths(config.state);
  return {
    doctor: (env) => runDoctor(config, env),
    async logs(input: LogsInput) {
      const known = Object.keys(config.environments);
      if (!known.includes(input.env)) {
        const next = `lastgood.yml has: ${known.join(", ")}. Name one with -e.`;
        return stopped("logs", input.env, { code: "usage", what: `no environment "${input.env}"`, next });
      }
      const site = siteOf(config, input.env, { paths, machine, known: () => [] });
      return logs(partsOf({ config, paths, machine, site }), machine.clock, input);
    },
  };
}
