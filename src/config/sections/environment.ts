// One environment: a place where the app runs, with everything in front of it and behind it.
import { z } from "zod";
import { complain, name } from "../values.ts";
import { checks } from "./checks.ts";
import { database, notify, service, stack, traffic } from "./drivers.ts";
import { flags } from "./flags.ts";
import { keep } from "./keep.ts";
import { policy } from "./policy.ts";
import { smoke } from "./smoke.ts";
import { watch } from "./watch.ts";

const services = z.record(name("web"), service).superRefine((all, context) => {
  const [first, second] = Object.keys(all);
  const fix = "write one service, such as web";
  if (first === undefined) complain(context, [], { what: "there is no service", fix });
  if (second === undefined) return;
  const what = `\`${second}\` is a second service; an environment has one for now`;
  complain(context, [second], { what, fix: `keep \`${first}\` or \`${second}\`` });
});

const section = z.strictObject({
  host: name("web-1").optional().meta({
    instead: "this machine",
    description:
      "Which machine it runs on: a name from `lastgood host list`. Without it: this one. Commands, files and ports are reached over ssh.",
  }),
  services: services.optional().meta({
    description:
      "What the app is made of, by name, where Lastgood itself starts it as a process. Exactly one service: the one that gets the traffic. Otherwise: stack.",
  }),
  stack: stack.optional().meta({
    instead: "services",
    description:
      "What runs the app where it is not Lastgood itself: Docker Compose and the like. Instead of services.",
  }),
  traffic: traffic.optional().meta({
    description:
      "What stands in front of the app and switches between releases. With runtime compose it may be left out: then each service gets an edge of ours in the stack's own network.",
  }),
  database: database.optional().meta({
    description:
      "The database that is backed up before a release changes it. Leave it out where the app has none.",
  }),
  flags: flags.optional().meta({
    description: "Switches inside the app. Leave it out where the app has none.",
  }),
  strategy: z.enum(["side-by-side", "pause"]).prefault("side-by-side").meta({
    description:
      "side-by-side: the new release starts beside the old one, without downtime. pause: the old one is stopped first and requests are held, for releases that cannot run together.",
  }),
  smoke: z.array(smoke).prefault([]).meta({
    description: "Requests that a new release must answer rightly before it gets traffic.",
  }),
  watch: watch.prefault({}).meta({ description: "How a new release is observed until it counts as good." }),
  policy: policy.prefault({}).meta({ description: "What Lastgood may do by itself: auto, ask or never." }),
  keep: keep.prefault({}).meta({ description: "What is kept to go back to." }),
  checks: checks.prefault({}).meta({ description: "What doctor looks at beside what is named above." }),
  notify: z
    .array(notify)
    .prefault([])
    .meta({ description: "Who is told about deploys, rollbacks and questions." }),
});

/** What works on this machine alone, for an environment on another one. */
function onlyHere({ services, stack, traffic }: z.infer<typeof section>): string | null {
  if (services !== undefined) return "services that Lastgood starts itself";
  if (stack?.runtime === "swarm") return "runtime swarm";
  return traffic?.kind === "proxy" || traffic?.kind === "haproxy" ? `traffic of kind ${traffic.kind}` : null;
}

export const environmentSection = section.superRefine((given, context) => {
  const { host, services, stack, traffic } = given;
  const here = host === undefined ? null : onlyHere(given);
  if (here !== null)
    complain(context, ["host"], {
      what: `${here} run on the controller's own machine, and \`host\` names another`,
      fix: "run the controller on that machine and remove host, or use runtime compose or systemd with nginx",
    });
  if (services === undefined && stack === undefined)
    complain(context, ["services"], {
      what: "nothing says what runs the app",
      fix: "write services: or stack:, or let lastgood init write it",
    });
  if (services !== undefined && stack !== undefined)
    complain(context, ["stack"], { what: "`services` and `stack` say two things", fix: "keep one of them" });
  if (traffic === undefined && services !== undefined)
    complain(context, ["traffic"], {
      what: "`traffic` is missing",
      fix: "write what stands in front of the app",
    });
});
