// `controller:` the process that watches and shows (`lastgood serve`).
import { z } from "zod";
import { listen } from "../values.ts";

export const controller = z.strictObject({
  listen: listen({ anyPort: true }).prefault("127.0.0.1:7420").meta({
    description: "Where dashboard and API are served. Port 0 takes any free port.",
  }),
  flagdSync: listen()
    .optional()
    .meta({
      description:
        "Where stock flagd providers fetch the flags of this app (gRPC, in-process resolver), with an SDK key as selector. Left out: nowhere.",
      examples: ["127.0.0.1:8015"],
    }),
});
