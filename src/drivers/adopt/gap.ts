// Measures how long nobody answers while a port changes hands.
import type { Clock } from "../../ports/clock.ts";
import type { HttpClient } from "../../ports/http-client.ts";

const askMs = 2_000;
const everyMs = 10;

/**
 * Asks again and again, one request after the other, until told to stop; the answer is the longest time between two
 * answers that lie on both sides of a failure, milliseconds; 0 where none failed. Anything that is HTTP is an answer.
 */
export function watchGap(http: HttpClient, clock: Clock, url: string): { end(): Promise<number> } {
  const stop = new AbortController();
  let longestMs = 0;
  const watching = (async () => {
    let lastOk = clock.elapsed();
    let failed = false;
    while (!stop.signal.aborted || failed) {
      const asked = clock.elapsed();
      const answer = await http.request({ method: "GET", url, timeoutMs: askMs });
      if (answer.ok) {
        if (failed) longestMs = Math.max(longestMs, asked - lastOk);
        [lastOk, failed] = [clock.elapsed(), false];
      } else failed = true;
      if (stop.signal.aborted && clock.elapsed() - lastOk > askMs) break; // it does not come back: others tell why
      await clock.sleep(everyMs);
    }
  })();
  return {
    async end() {
      stop.abort();
      await watching;
      return longestMs;
    },
  };
}
