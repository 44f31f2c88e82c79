// How long this process has been there.

/** Milliseconds since the process began, loading of code included. */
export function processAgeMs(): number {
  return performance.now();
}
