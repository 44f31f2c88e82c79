// Which kinds there are of each part: a new driver adds its section's file and one entry here.
import { z } from "zod";
import { processService } from "./process.ts";
import { proxyTraffic } from "./proxy.ts";
import { sqliteDatabase } from "./sqlite.ts";
import { webhookNotify } from "./webhook.ts";

export const service = z.discriminatedUnion("runtime", [processService]);
export const traffic = z.discriminatedUnion("kind", [proxyTraffic]);
export const database = z.discriminatedUnion("kind", [sqliteDatabase]);
export const notify = z.discriminatedUnion("kind", [webhookNotify]);
