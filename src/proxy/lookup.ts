// Asks for the address of a name once, or twice, however many requests wait for it.
//
// Node looks names up in four threads. That of a container which is gone takes seconds to fail: without this, requests
// to it pile up there for minutes, and the name of the next release waits behind them.
import dns from "node:dns";
import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];
type Waiting = { readonly all: Callback[]; open: number; askedAt: number };

/** A question that takes longer was perhaps asked before the container was there: whoever comes now asks anew. */
const oldMs = 250;
/** Of four threads, for one name. */
const mostOpen = 2;

/** `elapsed`: monotonic ms. Nothing is remembered: a container that comes back may have another address. */
export function sharedLookup(
  elapsed: () => number,
  ask: LookupFunction = dns.lookup as LookupFunction,
): LookupFunction {
  const asked = new Map<string, Waiting>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options]);
    const waiting = asked.get(key) ?? { all: [], open: 0, askedAt: 0 };
    asked.set(key, waiting);
    waiting.all.push(callback);
    if (waiting.open > 0 && (elapsed() - waiting.askedAt < oldMs || waiting.open >= mostOpen)) return;
    waiting.open += 1;
    waiting.askedAt = elapsed();
    ask(hostname, options, (...answer) => {
      waiting.open -= 1;
      // An address is right for everybody; that there is none may be old: the newer question decides.
      if (answer[0] && waiting.open > 0) return;
      if (waiting.open === 0) asked.delete(key);
      for (const each of waiting.all.splice(0)) each(...answer);
    });
  };
}
