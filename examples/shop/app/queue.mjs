// A work queue on Redis: what was taken but not finished goes back to the queue when the worker starts again.
import { createClient } from "@redis/client";

const WAITING = "queue:receipts:waiting";
const TAKEN = "queue:receipts:taken";
const WAIT_S = 1;

/**
 * @typedef {{
 *   add: (job: string) => Promise<void>, take: () => Promise<string | null>, done: (job: string) => Promise<void>,
 *   putBack: () => Promise<void>, isWell: () => boolean, close: () => Promise<void>,
 * }} Queue
 */

/** @param {string} url @param {import("./log.mjs").Log} log @returns {Promise<Queue>} */
export async function openQueue(url, log) {
  const client = createClient({ url });
  client.on("error", (error) => log("warn", "queue connection", { error: String(error) }));
  await client.connect();
  return {
    add: async (job) => void (await client.lPush(WAITING, job)),
    /** Waits up to a second for a job. */
    take: () => client.blMove(WAITING, TAKEN, "RIGHT", "LEFT", WAIT_S),
    done: async (job) => void (await client.lRem(TAKEN, 1, job)),
    putBack: async () => {
      while ((await client.lMove(TAKEN, WAITING, "RIGHT", "RIGHT")) !== null);
    },
    isWell: () => client.isReady,
    close: async () => client.destroy(),
  };
}
