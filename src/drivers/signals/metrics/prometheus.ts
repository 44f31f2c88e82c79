// Values from a Prometheus: instant queries over its HTTP API, each beside its limit.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Secret } from "../../../core/secret.ts";
import type { Limit } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Signals } from "../../../ports/signals.ts";
import { within } from "./crossing.ts";
import { type Measured, type Measurement, metricsSignals } from "./metrics.ts";

export type PrometheusQuery = {
  readonly name: string;
  /** PromQL that gives a number, or one number a series. */
  readonly query: string;
  readonly limit: Limit;
};

export type PrometheusConfig = {
  /** Where it answers, e.g. `http://127.0.0.1:9090`; a path prefix is kept. */
  readonly url: string;
  readonly queries: readonly PrometheusQuery[];
  readonly intervalMs: number;
  /** Read when it is needed; null where none is set. */
  readonly token: () => Promise<Result<Secret | null>>;
};

const answerMs = 5_000;
const next = "Look whether Prometheus answers, and try the query there.";

/** `value` is `[unix seconds, "text of a number"]`. */
const sample = z.tuple([z.number(), z.string()]);
const answered = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.discriminatedUnion("resultType", [
      z.object({
        resultType: z.literal("vector"),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: sample })),
      }),
      z.object({ resultType: z.literal("scalar"), result: sample }),
      z.object({ resultType: z.literal("string"), result: sample }),
      z.object({ resultType: z.literal("matrix"), result: z.unknown() }),
    ]),
  }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

/**
 * Of several series the worst counts. No series and NaN are no value: then this source is blind, and says for which
 * query. Infinity is a number, and beyond any limit above.
 */
export function prometheusSignals(
  config: PrometheusConfig,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
): Signals {
  return metricsSignals(
    { name: "metrics:prometheus", intervalMs: config.intervalMs, measure: () => measure(config, http) },
    clock,
  );
}

async function measure(config: PrometheusConfig, http: HttpClient): Promise<Result<Measurement>> {
  const token = await config.token();
  if (!token.ok) return token;
  const answers = await Promise.all(config.queries.map((query) => ask(query, config.url, token.value, http)));
  const values = answers.flatMap((one) => (one.ok ? [one.value] : []));
  const missing = answers.flatMap((one) => (one.ok ? [] : [one.error.what]));
  const [first] = answers;
  // The same trouble with all of them is the server's.
  if (values.length === 0 && first && !first.ok && new Set(missing).size === 1) return first;
  return ok({ values, missing });
}

async function ask(
  { name, query, limit }: PrometheusQuery,
  base: string,
  token: Secret | null,
  http: HttpClient,
): Promise<Result<Measured>> {
  const url = new URL(`${base.replace(/\/$/, "")}/api/v1/query`);
  url.searchParams.set("query", query);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token.reveal()}` } : {};
  const answer = await http.request({ method: "GET", url: url.href, headers, timeoutMs: answerMs });
  if (!answer.ok) return answer;
  const { status, body } = answer.value;
  if (status === 401 || status === 403)
    return problem("refused", `Prometheus refuses us (${status})`, "Mend the token file.");
  const read = answered.safeParse(parseJson(body));
  if (!read.success) return problem("failed", `Prometheus answered ${status}, but not as its API does`, next);
  if (read.data.status === "error")
    return problem("failed", `${name}: ${read.data.error.slice(0, 200)}`, next);
  const { data } = read.data;
  if (data.resultType === "matrix" || data.resultType === "string")
    return problem("usage", `${name}: the query gives a ${data.resultType}, not a number`, next);
  const samples = data.resultType === "scalar" ? [data.result] : data.result.map(({ value }) => value);
  return worst(name, samples.map(numberOf), limit);
}

/** What is not a number may hide anything, so among good values it makes us blind; a bad value is bad whatever is beside it. */
function worst(name: string, values: readonly number[], limit: Limit): Result<Measured> {
  if (values.length === 0) return problem("missing", `${name}: the query finds no series`, next);
  const numbers = values.filter((value) => !Number.isNaN(value));
  const value = "above" in limit ? Math.max(...numbers) : Math.min(...numbers);
  const unknown = numbers.length === 0 || (numbers.length < values.length && within(value, limit));
  return unknown
    ? problem("missing", `${name}: the query gives NaN`, next)
    : ok({ subject: name, value, unit: "", limit });
}

/** Prometheus writes `+Inf`, `-Inf` and `NaN`. */
function numberOf([, text]: readonly [number, string]): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text === "" ? "NaN" : text);
}
