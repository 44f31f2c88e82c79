// Which kinds there are of each part: a new driver adds its section's file and one entry here.
import { z } from "zod";
import { composeStack } from "./compose.ts";
import { edgeTraffic } from "./edge.ts";
import { haproxyTraffic } from "./haproxy.ts";
import { nginxTraffic } from "./nginx.ts";
import { postgresDatabase } from "./postgres.ts";
import { processService } from "./process.ts";
import { proxyTraffic } from "./proxy.ts";
import { sqliteDatabase } from "./sqlite.ts";
import { swarmStack } from "./swarm.ts";
import { systemdStack } from "./systemd.ts";
import { webhookNotify } from "./webhook.ts";

export const service = z.discriminatedUnion("runtime", [processService]);
/** What runs the app where it is not Lastgood itself. */
export const stack = z.discriminatedUnion("runtime", [composeStack, systemdStack, swarmStack]);
export const traffic = z.discriminatedUnion("kind", [
  proxyTraffic,
  edgeTraffic,
  nginxTraffic,
  haproxyTraffic,
]);
export const database = z.discriminatedUnion("kind", [sqliteDatabase, postgresDatabase]);
export const notify = z.discriminatedUnion("kind", [webhookNotify]);
