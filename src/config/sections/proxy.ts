// `kind: proxy`: Lastgood's own proxy in front of the app, which does the switching.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { duration, listen } from "../values.ts";
import { client } from "./client.ts";

export const proxyTraffic = z.strictObject({
  kind: z
    .literal("proxy")
    .meta({ description: "What stands in front of the app. `proxy`: the proxy that comes with Lastgood." }),
  listen: listen().meta({ description: "Where users' requests arrive.", examples: ["127.0.0.1:8080"] }),
  drain: duration().prefault(durationText(limits.drainDefaultMs)).meta({
    description: "How long requests in flight at the old release may take to finish after a switch.",
  }),
  hold: duration(1).prefault(durationText(limits.holdDefaultMs)).meta({
    description: "How long a new request waits while no release may take it, before it is answered 503.",
  }),
  client: client.prefault({}).meta({
    description:
      "How to tell who asks, so that one client's errors do not count as everybody's. Without both, address and browser are used. Kept as a hash only.",
  }),
});
