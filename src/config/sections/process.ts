// `runtime: process`: a service that is one plain process of this machine.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { argument, complain, duration, path, sourcePath, variable, variableName } from "../values.ts";
import { health } from "./health.ts";

/** Set for each instance; what stood here under such a name would be lost without a word. */
const ours = /^(PORT|LASTGOOD_.*)$/;

const env = z.record(variableName(), variable()).superRefine((variables, context) => {
  for (const name of Object.keys(variables).filter((each) => ours.test(each))) {
    complain(context, [name], { what: `\`${name}\` is set by Lastgood for each instance`, fix: "remove it" });
  }
});

export const processService = z.strictObject({
  runtime: z
    .literal("process")
    .meta({ description: "What runs the service. `process`: a plain process, started by Lastgood." }),
  source: sourcePath().meta({
    description:
      "The folder of one version, with {version} where its name stands. It is copied into the release when you deploy.",
  }),
  command: z
    .array(argument())
    .min(1)
    .meta({
      description:
        "Program and arguments, one list item each, run without a shell in the release's folder. The port to listen on comes in PORT and as {port}; {node} is the node that runs Lastgood.",
      examples: [["node", "server.js"]],
    }),
  env: env.prefault({}).meta({
    description:
      "Plain settings, captured with the release; {root} stands for the folder of this file. Secrets do not belong here: see envFile.",
    examples: [{ NODE_ENV: "production" }],
  }),
  envFile: path(".env").optional().meta({
    description:
      "A file of NAME=value lines, captured with the release. All its values are secrets and are never shown.",
  }),
  health: health.meta({ description: "How the service says that it is ready." }),
  stopGrace: duration().prefault(durationText(limits.stopGraceDefaultMs)).meta({
    description: "How long an instance may take to end after SIGTERM, before it is killed.",
  }),
});
