// `kind: haproxy`: an HAProxy that is there already, switched over its runtime socket.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { argument, complain, duration, listen, path, url } from "../values.ts";

export const haproxyTraffic = z
  .strictObject({
    kind: z.literal("haproxy").meta({
      description: "`haproxy`: an HAProxy that is there already. It is switched without a reload.",
    }),
    url: url("http://127.0.0.1:80").meta({
      description: "How this machine reaches the frontend that users' requests arrive at.",
    }),
    host: argument()
      .optional()
      .meta({ description: "The Host header that leads to it.", examples: ["www.example.org"] }),
    backend: argument().meta({
      description: "The backend whose servers are Lastgood's; it has nothing else in it.",
      examples: ["web"],
    }),
    socket: path("/run/haproxy/admin.sock").optional().meta({
      description: "The runtime socket (stats socket … level admin).",
    }),
    address: listen()
      .optional()
      .meta({
        description: "The runtime socket where it is a TCP address, on this machine only.",
        examples: ["127.0.0.1:9999"],
      }),
    folder: path("/var/lib/lastgood-haproxy").meta({
      description: "A folder for the map and the state that HAProxy reads when it starts.",
    }),
    drain: duration().prefault(durationText(limits.drainDefaultMs)).meta({
      description: "How long requests in flight at the old release may take to finish after a switch.",
    }),
  })
  .superRefine(({ socket, address, backend }, context) => {
    if ((socket === undefined) === (address === undefined)) {
      const what = "HAProxy's runtime socket is one of socket and address";
      complain(context, ["socket"], { what, fix: "write one of them" });
    }
    // It stands in commands of the runtime socket, where spaces and ; would begin something else.
    if (!/^[A-Za-z0-9_.:-]+$/.test(backend)) {
      complain(context, ["backend"], {
        what: `\`${backend}\` cannot be a backend's name`,
        fix: "write its name as in haproxy.cfg",
      });
    }
  });
