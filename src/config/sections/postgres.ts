// `kind: postgres`: a PostgreSQL on the host, in a container, or elsewhere.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { argument, complain, count, hasPassword, listen, path } from "../values.ts";
import { clones } from "./clones.ts";
import { pointInTime } from "./point-in-time.ts";
import { restoreOptions } from "./restore-options.ts";

export const postgresDatabase = z
  .strictObject({
    kind: z
      .literal("postgres")
      .meta({ description: "Which database. `postgres`: a PostgreSQL 13 or newer." }),
    envFile: path(".env").meta({
      description: "The app's own env file. Its values fill in url, so that a password stands in one place.",
    }),
    url: argument()
      .prefault(`\${DATABASE_URL}`)
      .meta({
        description: `The app's own URL: postgresql://user:password@host:5432/database. \${NAME} is filled in from envFile; no password is written here.`,
        examples: [`\${DATABASE_URL}`],
      }),
    adminUrl: argument()
      .optional()
      .meta({
        description:
          "The URL of a role that may create and rename databases, where the app's own may not. Written as url.",
        examples: [`\${ADMIN_DATABASE_URL}`],
      }),
    at: listen()
      .optional()
      .meta({
        description:
          "Where this machine reaches the server, if the URL has a name that only the app knows, such as host.docker.internal.",
        examples: ["127.0.0.1:5432"],
      }),
    container: argument()
      .optional()
      .meta({
        description: "The container that the server runs in: its address and its own pg_dump are used.",
        examples: ["shop-postgres"],
      }),
    encryptionKeyFile: path("/etc/lastgood/backup.key").optional().meta({
      description:
        "A file with a key of 64 hex digits (openssl rand -hex 32): backups are encrypted with it. Keep a copy of it elsewhere.",
    }),
    unpackPassword: argument()
      .optional()
      .meta({
        description: `The password of backups made by openssl enc, for lastgood restore <file>. Only \${NAME} of envFile, never the password itself.`,
        examples: [`\${BACKUP_PASSWORD}`],
      }),
    pointInTime: pointInTime.optional().meta({
      instead: "dumps alone",
      description:
        "Where pgBackRest archives the server's WAL: then restore --at goes to any moment, and each deploy has a named point. The server runs on the controller's machine.",
    }),
    restore: restoreOptions.prefault({}).meta({ description: "How a restore is done." }),
    copies: z
      .enum(["never", "when-quick"])
      .prefault("never")
      .meta({
        description:
          "Template copies beside the dumps: going back to one is the swap alone. `when-quick`: each deploy lets requests wait, ends the app's idle sessions, and copies the database, where that surely ends within half of the hold limit. `never`, because an app must bear that its idle sessions end, and because each copy takes the database's size on the server's disk.",
        examples: ["when-quick"],
      }),
    keepCopies: count(1, 10).prefault(1).meta({
      description: "How many template copies are kept; older ones are dropped, their dumps stay.",
    }),
    clones: clones.optional().meta({
      instead: "dumps alone",
      description:
        "Before each backup the whole server is cloned: files that share their blocks, in about a second, whatever the size. One database comes back out of a clone by lastgood restore --at. The server runs on the controller's machine.",
    }),
    keepBackups: count(1, 1_000).prefault(limits.keepBackups).meta({
      description: "How many backups are kept; older ones are removed after a new one is whole.",
    }),
  })
  .superRefine((section, context) => {
    const { url, adminUrl = "", at, container, unpackPassword, pointInTime: archived, restore } = section;
    if (section.clones !== undefined && (archived !== undefined || container !== undefined))
      complain(context, ["clones"], {
        what: `\`clones\` and \`${archived === undefined ? "container" : "pointInTime"}\` say two things`,
        fix: "keep one of them",
      });
    if (archived !== undefined && container !== undefined)
      complain(context, ["pointInTime"], {
        what: "pgBackRest runs beside the server, and `container` puts that into a container",
        fix: "keep one of them",
      });
    if (unpackPassword !== undefined && !/^\$\{\w+\}$/.test(unpackPassword))
      complain(context, ["unpackPassword"], {
        what: "a password stands here",
        fix: `put it into envFile, and write \${NAME} in its place`,
      });
    for (const [place, text] of [
      ["url", url],
      ["adminUrl", adminUrl],
      ["restore.pooler.url", restore.pooler?.url ?? ""],
    ] as const)
      if (hasPassword(text))
        complain(context, place.split("."), {
          what: "a password stands in the URL",
          fix: `put it into envFile, and write \${NAME} in its place`,
        });
    if (at !== undefined && container !== undefined)
      complain(context, ["at"], { what: "`at` and `container` say two things", fix: "keep one of them" });
  });
