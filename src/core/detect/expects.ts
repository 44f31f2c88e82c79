// What a release is compared with beside the share of failures: plain data, written down when its watch begins.
import { z } from "zod";

const routes = z.array(z.string());

export const expects = z.strictObject({
  /** Upper estimates of the quantiles of answer times before, milliseconds. */
  latency: z.strictObject({ p50: z.number(), p90: z.number(), p95: z.number() }).nullable(),
  /** Routes on which people pay, and the share of attempts that may fail: declines are normal. */
  payments: z.strictObject({ routes, threshold: z.number() }).nullable(),
  /** What people do at this time of the week: lower estimates of events a second, from `fromS` after the deploy on. */
  events: z.array(
    z.strictObject({
      name: z.string(),
      routes,
      due: z.array(z.strictObject({ fromS: z.number(), perS: z.number() })),
    }),
  ),
});
export type Expects = Readonly<z.infer<typeof expects>>;

export const nothingExpected: Expects = { latency: null, payments: null, events: [] };

/** `/checkout` itself, or with `*` at the end what begins like it. */
export function onRoute(all: readonly string[], route: string): boolean {
  return all.some((one) => (one.endsWith("*") ? route.startsWith(one.slice(0, -1)) : one === route));
}
