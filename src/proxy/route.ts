// The route: where new requests go, and the rules by which it may change.
import { z } from "zod";

/** Goes into a response header and into log lines, so: visible ASCII, bounded. */
const name = z.string().regex(/^[\x21-\x7e]{1,200}$/);
const count = z.int().min(0);

const origin = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.protocol === "http:" && url.hostname !== "" && url.pathname === "/" && url.search === "";
}, "must look like http://host:port");

const backend = z.strictObject({ release: name, instance: name, url: origin });
export type Backend = z.infer<typeof backend>;

export const routeState = z.strictObject({
  /** Rises by one with every change. */
  generation: count,
  /** Op of the newest change. */
  op: name.nullable(),
  backend: backend.nullable(),
  held: z.boolean(),
  /** Highest epoch seen. */
  epoch: count,
});
export type RouteState = z.infer<typeof routeState>;

export const routeChange = z.strictObject({
  op: name,
  epoch: count,
  expected: count,
  backend: backend.nullable(),
  held: z.boolean(),
});
export type RouteChange = z.infer<typeof routeChange>;

export const noRoute: RouteState = { generation: 0, op: null, backend: null, held: false, epoch: 0 };

export type Verdict =
  | { readonly is: "accepted"; readonly next: RouteState }
  | { readonly is: "refused"; readonly reason: "conflict" | "fenced"; readonly next: RouteState };

/**
 * Compare and set, behind the fence of epochs. `next` is what must be on disk before the answer leaves:
 * also a refused change raises the epoch, since a higher one has been seen.
 */
export function judge(state: RouteState, change: RouteChange): Verdict {
  if (change.epoch < state.epoch) return { is: "refused", reason: "fenced", next: state };
  const seen = change.epoch === state.epoch ? state : { ...state, epoch: change.epoch };
  const inPlace =
    state.op === change.op && state.held === change.held && sameBackend(state.backend, change.backend);
  if (inPlace) return { is: "accepted", next: seen };
  if (change.expected !== state.generation) return { is: "refused", reason: "conflict", next: seen };
  const { op, epoch, backend: to, held } = change;
  return { is: "accepted", next: { generation: state.generation + 1, op, backend: to, held, epoch } };
}

export function sameBackend(a: Backend | null, b: Backend | null): boolean {
  if (a === null || b === null) return a === b;
  return a.release === b.release && a.instance === b.instance && a.url === b.url;
}
