// `runtime: swarm`: a stack on Docker Swarm, whose services the platform replaces copy by copy.
import { z } from "zod";
import { durationText } from "../duration.ts";
import { argument, complain, duration, name, path, url, urlPath, variableName } from "../values.ts";

const defaultMs = 5 * 60_000;

const swarmService = z.strictObject({
  class: z.enum(["app", "worker"]).prefault("app").meta({
    description:
      "app: answers requests. worker: has none of its own. Databases and caches do not belong here: what is not named is never touched.",
  }),
  health: urlPath("/health").optional().meta({
    description:
      "Asked through `probe` after a release went out; any answer from 200 to 399 is healthy. Without it the healthcheck of the containers is all that counts.",
  }),
  probe: url("http://10.0.0.11:8080").optional().meta({
    description:
      "Where the service is reached from this machine, without a path: a published port of any node.",
  }),
});

export const swarmStack = z.strictObject({
  runtime: z.literal("swarm").meta({
    description:
      "What runs the stack. `swarm`: Docker Swarm; a release is what `docker stack deploy` would make of the files.",
  }),
  files: z
    .array(path("docker-stack.yml"))
    .min(1)
    .meta({
      description: "Your stack files as they are, later ones over earlier ones.",
      examples: [["docker-stack.yml"]],
    }),
  versionVariable: variableName().meta({
    description: "The variable in these files that the version is put into: `image: shop:$TAG`.",
    examples: ["TAG"],
  }),
  envFile: path(".env").optional().meta({
    description:
      "A file of NAME=value lines for the variables in the stack files, captured with the release. All its values are secrets and are never shown.",
  }),
  stackName: name("shop").meta({ description: "The stack's name, as in `docker stack ls`." }),
  socket: argument().prefault("/var/run/docker.sock").meta({
    title: "path",
    description: "The unix socket of a manager's engine.",
  }),
  timeout: duration(1_000).prefault(durationText(defaultMs)).meta({
    description:
      "How long the platform may take to replace all copies of one service. After that the deploy has failed.",
  }),
  services: z
    .record(name("web"), swarmService)
    .superRefine((all, context) => {
      if (Object.keys(all).length > 0) return;
      complain(context, [], {
        what: "there is no service",
        fix: "name at least one service of the stack, such as web",
      });
    })
    .meta({
      description:
        "Services of the stack that make up a release, in the order in which they are replaced; named as in the stack files. They move together or not at all.",
    }),
});
