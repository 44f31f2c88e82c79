// `kind: edge`: Lastgood's own proxy in a container of the stack's networks, one for each service that gets requests.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { duration, url } from "../values.ts";
import { client } from "./client.ts";

export const edgeTraffic = z.strictObject({
  kind: z.literal("edge").meta({
    description:
      "What stands in front of the services. `edge`: the proxy that comes with Lastgood, in a container under each service's own name and ports, so that nothing else of the stack has to change.",
  }),
  publicUrl: url("http://127.0.0.1:80").optional().meta({
    description:
      "Where users arrive, when something of yours stands in front of the edge, such as nginx. It is asked to prove which release answers. Without it the published port is asked, or the edge itself.",
  }),
  drain: duration().prefault(durationText(limits.drainDefaultMs)).meta({
    description: "How long requests in flight at the old release may take to finish after a switch.",
  }),
  hold: duration(1).prefault(durationText(limits.holdDefaultMs)).meta({
    description: "How long a new request waits while no release may take it, before it is answered 503.",
  }),
  client: client.prefault({}).meta({
    description:
      "How to tell who asks, so that one client's errors do not count as everybody's. Without both, address and browser are used; behind a proxy of yours (a private address) the address is the last one in X-Forwarded-For that is not private. Kept as a hash only.",
  }),
});
