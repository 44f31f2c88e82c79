// Asks for the address of a name once, however many requests wait for it.
//
// Node looks names up in four threads. That of a container which is gone takes seconds to fail: without this, requests
// to it pile up there for minutes, and the name of the next release waits behind them.
import dns from "node:dns";
import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];

/** Nothing is remembered: a container that comes back may have another address. */
export function sharedLookup(ask: LookupFunction = dns.lookup as LookupFunction): LookupFunction {
  const asked = new Map<string, Callback[]>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options]);
    const waiting = asked.get(key);
    if (waiting) {
      waiting.push(callback);
      return;
    }
    const all = [callback];
    asked.set(key, all);
    ask(hostname, options, (...answer) => {
      asked.delete(key);
      for (const each of all) each(...answer);
    });
  };
}
