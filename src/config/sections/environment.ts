// One environment: a place where the app runs, with everything in front of it and behind it.
import { z } from "zod";
import { complain, name } from "../values.ts";
import { backups } from "./backups.ts";
import { checks } from "./checks.ts";
import { drill } from "./drill.ts";
import { database, notify, service, stack, traffic } from "./drivers.ts";
import { flags } from "./flags.ts";
import { flows, unreachableFlow } from "./flows.ts";
import { integrity } from "./integrity.ts";
import { keep } from "./keep.ts";
import { migrations } from "./migrations.ts";
import { policy } from "./policy.ts";
import { redis } from "./redis.ts";
import { signals } from "./signals.ts";
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
  redis: redis.optional().meta({
    description:
      "A Redis that keeps state which must not be lost, such as queues or sessions: a snapshot before deploys, and a way back. Leave it out where it is a cache.",
  }),
  migrations: migrations.optional().meta({
    description:
      "How the app changes its database's schema. With it, status and the way down are known. For databases of kind postgres.",
  }),
  backups: backups.optional().meta({
    description:
      "When the database is backed up beside deploys, what is kept, and how often a backup is proved by restoring it. Without it: only before a release, and by hand.",
  }),
  drill: drill.prefault({}).meta({
    description:
      "How the release that matches a backup is tried on its restored copy, and what a deploy with a migration asks of drills.",
  }),
  integrity: z.array(integrity).prefault([]).meta({
    description:
      "What must be true of the data. Asked while a release is watched, after each backup of the schedule, by backup verify, and of the restored copy in each drill.",
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
  flows: flows.prefault({}).meta({
    description:
      "What users do, such as signing in and ordering, tried as they do it: before the switch, after it, and after a rollback.",
  }),
  watch: watch.prefault({}).meta({ description: "How a new release is observed until it counts as good." }),
  policy: policy
    .prefault({})
    .meta({ description: "What Lastgood may do by itself, and in which situation." }),
  keep: keep.prefault({}).meta({ description: "What is kept to go back to." }),
  checks: checks.prefault({}).meta({ description: "What doctor looks at beside what is named above." }),
  signals: signals.prefault({}).meta({
    description: "What is listened to beside requests and probes. All of it has a sensible default.",
  }),
  notify: z
    .array(notify)
    .prefault([])
    .meta({ description: "Who is told about deploys, rollbacks and questions." }),
});

/** What works on this machine alone, for an environment on another one. */
function onlyHere(given: z.infer<typeof section>): string | null {
  const { services, stack, traffic, database: stored, redis: store } = given;
  if (store !== undefined) return "snapshots of Redis";
  if (stored?.kind === "postgres" && stored.pointInTime !== undefined) return "database: pointInTime";
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
  for (const key of ["backups", "integrity"] as const) {
    const said = key === "backups" ? given.backups !== undefined : given.integrity.length > 0;
    if (said && given.database === undefined)
      complain(context, [key], {
        what: `\`${key}\` needs a database`,
        fix: "write database:, or take it out",
      });
  }
  if (services !== undefined && stack !== undefined)
    complain(context, ["stack"], { what: "`services` and `stack` say two things", fix: "keep one of them" });
  const flow = unreachableFlow(given.flows, traffic);
  if (flow !== null)
    complain(context, ["flows", flow], {
      what: "nothing says where users' requests arrive, and this flow goes there",
      fix: "write url: in the flow, or at: [start] to try it on the fresh instance alone",
    });
  if (traffic === undefined && services !== undefined)
    complain(context, ["traffic"], {
      what: "`traffic` is missing",
      fix: "write what stands in front of the app",
    });
});
