// `runtime: compose`: the user's own compose file, as it is.
import { z } from "zod";
import { argument, complain, count, duration, name, path, variableName } from "../values.ts";
import { health } from "./health.ts";
import { smoke } from "./smoke.ts";

const service = z.strictObject({
  class: z.enum(["app", "worker", "stateful", "edge", "once"]).optional().meta({
    description:
      "app: answers requests, a new one starts beside the old one. worker: stopped and started, never twice. stateful, edge: never touched. once: ends by itself, no part of a release. Without it: by its image, ports and volumes.",
  }),
  port: count(1, 65_535).optional().meta({
    description:
      "What the app listens on inside its container. Without it: expose, ports, or what the image says.",
  }),
  health: health.optional().meta({
    description: "How the service says that it is ready. Without it: its own healthcheck.",
  }),
  double: z.boolean().prefault(false).meta({
    description: "A worker that may run twice for a while: the new one starts beside the old one.",
  }),
  smoke: z.array(smoke).prefault([]).meta({
    description: "Requests that a new release of this service must answer rightly before it gets traffic.",
  }),
});

const task = z.strictObject({
  name: name("migrate").meta({ description: "What people call it." }),
  service: name("api").meta({ description: "Whose image and environment it runs in." }),
  command: z
    .array(argument())
    .min(1)
    .meta({
      description:
        "Program and arguments, one list item each; the image's entrypoint comes before them, as with docker compose run.",
      examples: [["npm", "run", "migration:run"]],
    }),
  timeout: duration(1).prefault("10m").meta({ description: "How long it may take; then it is stopped." }),
});

const docker = z.strictObject({
  host: argument()
    .optional()
    .meta({
      description: "Which engine, as DOCKER_HOST says it. Without it: the one that docker takes by itself.",
      examples: ["unix:///var/run/docker.sock"],
    }),
  context: argument()
    .optional()
    .meta({ description: "A context of docker's own, instead of host.", examples: ["default"] }),
  configDir: path(".docker").optional().meta({
    description: "Folder of docker's own settings: registry log-ins and plugins.",
  }),
});

export const composeStack = z
  .strictObject({
    runtime: z.literal("compose").meta({
      description: "What runs the stack. `compose`: Docker Compose, from your own compose file.",
    }),
    files: z
      .array(path("docker-compose.prod.yml"))
      .min(1)
      .meta({
        description: "Your compose files, as you would give them to docker compose -f. They are not changed.",
        examples: [["docker-compose.prod.yml"]],
      }),
    envFiles: z.array(path(".env.production")).prefault([]).meta({
      description: "Files for the variables in them (--env-file). Without them: .env beside the first file.",
    }),
    profiles: z
      .array(name("tools"))
      .prefault([])
      .meta({ description: "Profiles that are active in production." }),
    project: name("shop").optional().meta({
      description: "Name of the compose project. Without it: as docker compose would call it.",
    }),
    versionVariable: variableName()
      .optional()
      .meta({
        description:
          "Variable of the compose file that holds the version, such as TAG where it says image: shop:$TAG. Leave it out where images are built.",
        examples: ["TAG"],
      }),
    blank: z.array(variableName()).prefault([]).meta({
      description:
        "Variables of the compose file that may be empty. Any other without a value stops a deploy.",
    }),
    pull: z.enum(["missing", "always"]).prefault("missing").meta({
      description: "always: ask the registry at each deploy, for tags that move, such as latest.",
    }),
    docker: docker.prefault({}).meta({ description: "How docker is reached." }),
    services: z.record(name("api"), service).prefault({}).meta({
      description: "What the compose file does not say of its services. Most need nothing here.",
    }),
    tasks: z.array(task).prefault([]).meta({
      description: "Commands that run once in the new release before it gets traffic, such as migrations.",
    }),
  })
  .superRefine(({ tasks, docker: reached }, context) => {
    for (const [i, { name: called }] of tasks.entries()) {
      if (tasks.findIndex((other) => other.name === called) === i) continue;
      complain(context, ["tasks", i, "name"], {
        what: `two tasks are called ${called}`,
        fix: "give one another name",
      });
    }
    if (reached.host === undefined || reached.context === undefined) return;
    complain(context, ["docker", "context"], {
      what: "`host` and `context` say two things",
      fix: "keep one of them",
    });
  });
