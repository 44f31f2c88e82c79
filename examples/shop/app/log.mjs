// One JSON object a line on stdout.

/** @typedef {(level: "info" | "warn" | "error", what: string, more?: Record<string, unknown>) => void} Log */

/**
 * @param {string} version
 * @returns {Log}
 */
export function createLog(version) {
  // Whoever read our output may be gone (a controller that was killed); that must not take the shop down.
  process.stdout.on("error", () => {});
  return (level, what, more = {}) => {
    process.stdout.write(
      `${JSON.stringify({ at: new Date().toISOString(), level, version, what, ...more })}\n`,
    );
  };
}
