// One environment: a place where the app runs, with everything in front of it and behind it.
import { z } from "zod";
import { complain, name } from "../values.ts";
import { database, notify, service, traffic } from "./drivers.ts";
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

export const environmentSection = z.strictObject({
  services: services.meta({
    description:
      "What the app is made of, by name. Exactly one service for now: the one that gets the traffic.",
  }),
  traffic: traffic.meta({ description: "What stands in front of the app and switches between releases." }),
  database: database.optional().meta({
    description:
      "The database that is backed up before a release changes it. Leave it out where the app has none.",
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
  notify: z
    .array(notify)
    .prefault([])
    .meta({ description: "Who is told about deploys, rollbacks and questions." }),
});
