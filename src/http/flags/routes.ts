// The flag service on the TCP port: OFREP for everybody, the stream for our own client.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { FlagDesk } from "../../app/flag-desk.ts";
import type { Bindings } from "./caller.ts";
import { ofrepRoutes } from "./ofrep.ts";
import { streamRoutes } from "./stream.ts";

const bodyBytes = 1024 * 1024;

/** Mount it at the root. `now` is the wall clock: keys and tickets end by it. */
export function flagRoutes(desk: FlagDesk, now: () => number): Hono<Bindings> {
  const hono = new Hono<Bindings>();
  hono.use("*", bodyLimit({ maxSize: bodyBytes }));
  hono.route("/ofrep/v1", ofrepRoutes(desk, now));
  hono.route("/flags/v1", streamRoutes(desk, now));
  return hono;
}
