// What is wrong with this version, on purpose; a good version has no faults at all.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {{
 *   failShare?: number,
 *   crashAtBoot?: boolean,
 *   failPayments?: boolean,
 *   slower?: { factor: number, plusMs: number },
 *   leak?: { bytesPerRequest: number, dieAtBytes: number },
 *   neverHealthy?: boolean,
 *   ignoreStop?: boolean,
 *   wrongPort?: boolean,
 *   needsEnv?: string,
 *   failOrdersWhile?: string,
 *   slowQueries?: { route: string, seconds: number },
 * }} FaultSettings
 *
 * @typedef {import("./http.mjs").Answer} Answer
 */

/**
 * @param {FaultSettings} settings
 * @param {(flag: string) => boolean} [isOn] whether a feature is switched on now
 * @param {(seconds: number) => Promise<void>} [askLong] a question to the database that takes so long
 */
export function createFaults(settings, isOn = () => false, askLong = async () => {}) {
  const failsByTurn = createTurns(settings.failShare ?? 0);
  const leak = createLeak(settings.leak);
  return {
    isHealthy: settings.neverHealthy !== true,
    ignoresStop: settings.ignoreStop === true,

    /** Where it listens. @param {number} port where it should */
    port: (port) => (settings.wrongPort ? port + 1 : port),

    atBoot() {
      if (settings.crashAtBoot) readPaymentKey(undefined);
      const { needsEnv } = settings;
      if (needsEnv && !process.env[needsEnv]) throw new Error(`the variable ${needsEnv} is not set`);
    },

    /** Does this request fail, whatever it asks for?
     * @param {string} route e.g. `GET /orders/:id`
     */
    fails(route) {
      if (route === "GET /health") return false;
      if (settings.failPayments && route === "POST /payments") return true;
      const flag = settings.failOrdersWhile;
      if (flag && route === "POST /orders" && isOn(flag)) return true;
      return failsByTurn(route);
    },

    /** Do the work with whatever this version does to it.
     * @param {string} route
     * @param {() => Answer | Promise<Answer>} work
     * @returns {Promise<Answer>}
     */
    async around(route, work) {
      if (this.fails(route)) return faultAnswer(route);
      if (route !== "GET /health") leak();
      const before = performance.now();
      if (settings.slowQueries?.route === route) await askLong(settings.slowQueries.seconds);
      const answer = await work();
      if (settings.slower) {
        const took = performance.now() - before;
        await sleep(took * (settings.slower.factor - 1) + settings.slower.plusMs);
      }
      return answer;
    },
  };
}

/** @param {string} route @returns {Answer} */
export function faultAnswer(route) {
  const error = route === "POST /payments" ? "payment provider said no: unknown key" : "something went wrong";
  return { status: 500, headers: { "x-shop-fault": "1" }, body: JSON.stringify({ error }) };
}

/**
 * Exactly one request of every `1 / share` on a route fails. Which one of the block is told by a hash, because a
 * plain "every 20th" would always hit the same client where clients come in turn.
 * @param {number} share
 * @returns {(route: string) => boolean}
 */
function createTurns(share) {
  if (share <= 0) return () => false;
  const block = Math.round(1 / share);
  /** @type {Map<string, number>} */
  const seen = new Map();
  return (route) => {
    const turn = seen.get(route) ?? 0;
    seen.set(route, turn + 1);
    const digest = createHash("sha256")
      .update(`${route}#${Math.floor(turn / block)}`)
      .digest();
    return digest.readUInt32BE(0) % block === turn % block;
  };
}

/**
 * Keeps memory for ever and dies as the kernel's out-of-memory killer would have it: SIGKILL, which a shell or a
 * container shows as 137. The limit is our own and small, so that no machine suffers.
 * @param {FaultSettings["leak"]} leak
 * @returns {() => void}
 */
function createLeak(leak) {
  if (!leak) return () => {};
  /** @type {Buffer[]} */
  const kept = [];
  return () => {
    kept.push(Buffer.alloc(leak.bytesPerRequest, 1));
    if (kept.length * leak.bytesPerRequest >= leak.dieAtBytes) process.kill(process.pid, "SIGKILL");
  };
}

/** The crash of v3: a setting that the release forgot.
 * @param {{ payment?: { key: string } } | undefined} config
 */
function readPaymentKey(config) {
  return /** @type {{ payment: { key: string } }} */ (config).payment.key;
}
