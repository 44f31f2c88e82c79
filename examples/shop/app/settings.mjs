// What this copy of the shop is: its version and faults stand beside the code, the rest comes from the environment.
import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {{
 *   version: string,
 *   host: string,
 *   port: number,
 *   paths: { prefix: string, chat: string },
 *   databaseFile: string,
 *   databaseUrl: string | undefined,
 *   redisUrl: string | undefined,
 *   featuresFile: string | undefined,
 *   faults: import("./faults.mjs").FaultSettings,
 * }} Settings
 */

/**
 * @param {string} folder the release's folder
 * @returns {Settings}
 */
export function readSettings(folder) {
  const { env } = process;
  return {
    version: readJson(path.join(folder, "release.json"))?.name ?? "dev",
    host: env.HOST ?? "127.0.0.1",
    port: readPort(env.PORT ?? "3000"),
    paths: { prefix: env.PATH_PREFIX ?? "", chat: env.CHAT_PATH ?? "/chat" },
    databaseFile: env.SHOP_DB ?? path.join(process.cwd(), "shop.db"),
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    featuresFile: env.FEATURES_FILE,
    faults: readJson(path.join(folder, "faults.json")) ?? {},
  };
}

/** @param {string} text */
function readPort(text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`PORT is not a port: ${text}`);
  return port;
}

/** A file that is not there is an ordinary case (the plain app has neither); a broken one is not.
 * @param {string} file
 */
function readJson(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}
