// `redis:` a Redis that keeps state which must not be lost: snapshots of it, and a way back.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { argument, complain, count, hasPassword, listen, path } from "../values.ts";

const urlForm = /^(rediss?:\/\/|unix:|\$\{\w+\}$)/;
export const redis = z
  .strictObject({
    envFile: path(".env").meta({
      description: "The app's own env file. Its values fill in url, so that a password stands in one place.",
    }),
    url: argument()
      .prefault(`\${REDIS_URL}`)
      .meta({
        description: `The app's own URL: redis://user:password@host:6379, rediss:// with TLS, or unix:/path/of/its.sock. \${NAME} is filled in from envFile; no password is written here.`,
        examples: [`\${REDIS_URL}`],
      }),
    at: listen()
      .optional()
      .meta({
        description:
          "Where this machine reaches the server, if the URL has a name that only the app knows, such as redis.",
        examples: ["127.0.0.1:6379"],
      }),
    container: argument()
      .optional()
      .meta({
        instead: "at",
        description: "The container that the server runs in: its address is asked of Docker at each use.",
        examples: ["shop-redis"],
      }),
    tlsCa: path("/etc/lastgood/redis-ca.pem").optional().meta({
      description: "Certificates (PEM) that are believed instead of the system's, with rediss://.",
    }),
    server: argument()
      .prefault("redis-server")
      .meta({
        description:
          "The redis-server of this machine that snapshots are proved with: a path, or a name in PATH, of the store's own version. It need not run.",
        examples: ["redis-server"],
      }),
    snapshot: z.enum(["before-deploy", "before-tasks", "by-hand"]).prefault("before-deploy").meta({
      description:
        "before-deploy: a snapshot before each deploy, and one that fails stops the deploy. before-tasks: only before deploys that run tasks, such as migrations. by-hand: only with lastgood backup now.",
    }),
    clients: z.enum(["refuse", "stay"]).prefault("refuse").meta({
      description:
        "refuse: a restore stops where somebody else than the app's own services is connected and may write. stay: they see the restored data from one command to the next.",
    }),
    keepSnapshots: count(1, 1_000).prefault(limits.keepBackups).meta({
      description:
        "How many snapshots are kept, and apart from them how many states that a restore replaced; older ones are removed after a new one is whole.",
    }),
  })
  .superRefine(({ url, at, container, tlsCa }, context) => {
    if (!urlForm.test(url))
      complain(context, ["url"], {
        what: "this is no URL of a Redis",
        fix: `write redis://, rediss:// or unix:, or \${NAME} of envFile`,
      });
    if (hasPassword(url))
      complain(context, ["url"], {
        what: "a password stands in the URL",
        fix: `put it into envFile, and write \${NAME} in its place`,
      });
    if (at !== undefined && container !== undefined)
      complain(context, ["at"], { what: "`at` and `container` say two things", fix: "keep one of them" });
    if (tlsCa !== undefined && url.startsWith("redis://"))
      complain(context, ["tlsCa"], {
        what: "`tlsCa` is for rediss://, and the URL says redis://",
        fix: "write rediss://, or take tlsCa out",
      });
  });
