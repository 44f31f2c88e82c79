// `runtime: systemd`: releases run in units of your own.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { argument, complain, count, duration, name, path, sourcePath } from "../values.ts";
import { health } from "./health.ts";

const ports = z.record(name("blue"), count(1, 65_535)).superRefine((all, context) => {
  const numbers = Object.values(all);
  if (numbers.length === 0)
    complain(context, [], { what: "there is no port", fix: "write one, such as blue: 3001" });
  for (const [called, port] of Object.entries(all)) {
    if (numbers.filter((one) => one === port).length === 1) continue;
    complain(context, [called], { what: `two instances have port ${port}`, fix: "give each its own port" });
  }
});

const service = z
  .strictObject({
    source: sourcePath().meta({
      description:
        "The folder of one version, with {version} where its name stands. It is copied into the release when you deploy.",
    }),
    unit: argument().meta({
      description:
        "Your unit. With @ (shop@.service) a new release starts beside the old one; without (shop.service) the old one is stopped first, which needs strategy: pause. Folder, port and env file of a release reach it by a drop-in.",
      examples: ["shop@.service"],
    }),
    ports: ports.meta({
      description:
        "Instances of the unit by name, and where each listens: PORT in its environment. Two or more for a unit with @, one for a unit without.",
      examples: [{ blue: 3_001, green: 3_002 }],
    }),
    link: path("/srv/shop/current").optional().meta({
      description:
        "A link that is kept on the folder of the running release, for units that name a path; {instance} is filled in.",
    }),
    envFile: path(".env").optional().meta({
      description:
        "A file of NAME=value lines, captured with the release. All its values are secrets and are never shown.",
    }),
    health: health.meta({ description: "How the service says that it is ready." }),
    stopGrace: duration().prefault(durationText(limits.stopGraceDefaultMs)).meta({
      description: "How long an instance may take to end after SIGTERM, before it is killed.",
    }),
  })
  .superRefine(({ unit, ports: given }, context) => {
    if (!unit.endsWith(".service"))
      complain(context, ["unit"], {
        what: `\`${unit}\` is no service unit`,
        fix: "write its whole name, such as shop@.service",
      });
    const many = Object.keys(given).length > 1;
    if (unit.includes("@.") && !many)
      complain(context, ["ports"], {
        what: "a unit with @ needs two ports to run two releases",
        fix: "write a second one",
      });
    if (!unit.includes("@") && many)
      complain(context, ["ports"], { what: "a unit without @ runs once", fix: "keep one port" });
  });

export const systemdStack = z.strictObject({
  runtime: z.literal("systemd").meta({ description: "What runs the app. `systemd`: units of your own." }),
  services: z
    .record(name("web"), service)
    .superRefine((all, context) => {
      if (Object.keys(all).length === 1) return;
      complain(context, [], {
        what: "one service is needed here",
        fix: "write the one that gets the traffic",
      });
    })
    .meta({ description: "What the app is made of, by name: the one service that gets the traffic." }),
  store: path("/srv/shop/lastgood").optional().meta({
    description:
      "Where releases are kept, if not in the state folder: the user of your unit must be able to reach it.",
  }),
  unitDir: argument().prefault("/etc/systemd/system").meta({
    title: "path",
    description: "Where the drop-ins of your units belong.",
  }),
  address: argument().prefault("127.0.0.1").meta({
    title: "address",
    description: "Under which address the instances answer.",
  }),
});
