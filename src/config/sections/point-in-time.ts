// `pointInTime:` an archive of the server's WAL that somebody else's tool keeps.
import { z } from "zod";
import { complain, duration, name, path } from "../values.ts";

/** A socket's path has 107 characters at most, and our folders come on top. */
const scratchCharsMax = 48;

export const pointInTime = z
  .strictObject({
    tool: z
      .literal("pgbackrest")
      .meta({ description: "What archives the WAL. `pgbackrest`: pgBackRest; tested with 2.45." }),
    stanza: name("shop").meta({ description: "What pgBackRest calls this server." }),
    config: path("/etc/pgbackrest.conf").optional().meta({
      instead: "where pgBackRest looks by itself",
      description: "Its settings. They are read, and never written.",
    }),
    user: name("postgres").prefault("postgres").meta({
      description: "The system user of the server. The controller runs as root, or as this one.",
    }),
    scratch: path("/var/lib/postgresql/lastgood").meta({
      description:
        "A folder that this user may write, with room for the whole server: copies of it are restored here, and removed. Never the server's own.",
    }),
    archiveWithin: duration(1_000).prefault("60s").meta({
      description:
        "How long a deploy waits until the WAL of its point is in the archive. Then it is refused.",
    }),
    full: duration(60_000).prefault("168h").meta({
      description: "backup now takes a full copy of the server where the newest one is older.",
    }),
    diff: duration(60_000).prefault("24h").meta({
      description: "… a differential one where the newest of both is older; otherwise an incremental one.",
    }),
  })
  .superRefine(({ scratch }, context) => {
    if (scratch.length > scratchCharsMax)
      complain(context, ["scratch"], {
        what: `${scratch} is too long for a socket in it`,
        fix: `name a folder of at most ${scratchCharsMax} characters`,
      });
  });
