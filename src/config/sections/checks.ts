// `checks:` what doctor looks at beside what the other sections name already.
import { z } from "zod";
import { argument, count, duration, path, url } from "../values.ts";

const postgresPort = 5_432;
const redisPort = 6_379;

const container = (what: string) =>
  argument()
    .optional()
    .meta({
      description: `Ask inside this container: for a ${what} whose port is not published.`,
      examples: [`hummii-${what.toLowerCase()}`],
    });

const passwordFile = path("postgres.password").optional().meta({
  description: "A file whose content is the password. It is never shown.",
});

export const postgresCheck = z.strictObject({
  host: argument()
    .prefault("127.0.0.1")
    .meta({
      description: "Host name, address, or the folder of its socket.",
      examples: ["127.0.0.1"],
    }),
  port: count(1, 65_535).prefault(postgresPort).meta({ description: "The port that it listens on." }),
  user: argument()
    .prefault("postgres")
    .meta({ description: "The user who asks.", examples: ["postgres"] }),
  database: argument()
    .prefault("postgres")
    .meta({ description: "Which database.", examples: ["shop"] }),
  passwordFile,
  container: container("PostgreSQL"),
});

export const redisCheck = z.strictObject({
  host: argument()
    .prefault("127.0.0.1")
    .meta({ description: "Host name or address.", examples: ["127.0.0.1"] }),
  port: count(1, 65_535).prefault(redisPort).meta({ description: "The port that it listens on." }),
  passwordFile,
  container: container("Redis"),
});

export const nginxCheck = z.strictObject({
  config: path("/etc/nginx/nginx.conf").optional().meta({ description: "Its main config file." }),
  prefix: path("/etc/nginx")
    .optional()
    .meta({ description: "The folder that its relative paths start from." }),
  container: container("nginx"),
});

export const checks = z.strictObject({
  disks: z.array(path("/var/lib/docker")).prefault([]).meta({
    description: "Folders whose disk is looked at; that of the state folder always is.",
  }),
  units: z
    .array(argument())
    .prefault([])
    .meta({ description: "systemd units that must be running.", examples: [["nginx.service"]] }),
  compose: argument()
    .optional()
    .meta({
      description: "The compose project whose containers are looked at.",
      examples: ["hummii"],
    }),
  postgres: postgresCheck
    .optional()
    .meta({ description: "A PostgreSQL: connections, long transactions, locks." }),
  redis: redisCheck
    .optional()
    .meta({ description: "A Redis: does it answer, how full is it, does it save." }),
  nginx: nginxCheck.optional().meta({ description: "An nginx: does its config hold, its certificates." }),
  sites: z.array(url("https://example.com")).prefault([]).meta({
    description: "Addresses whose certificate is looked at, as their visitors see it.",
  }),
  certificates: z.array(path("/etc/ssl/example.com.pem")).prefault([]).meta({
    description: "Certificate files whose end is looked at.",
  }),
  backupsWithin: duration(1).prefault("168h").meta({
    description: "How old the newest backup may be.",
  }),
});
