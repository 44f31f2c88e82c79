// Stock OpenFeature clients, unmodified, against the flag service; and its answers against the published OFREP.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FlagdProvider } from "@openfeature/flagd-provider";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/server-sdk";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, expect, test } from "vitest";
import { parse } from "yaml";
import { provider } from "../../packages/flags/src/index.ts";
import { flagSync } from "../../src/http/flags/sync.ts";
import { listenForGrpc } from "../../src/os/grpc-server.ts";
import { type Bed, boolean, flagBed, until } from "./bed.ts";

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

const flags = {
  "new-checkout": boolean,
  fancy: {
    ...boolean,
    targeting: { if: [{ "==": [{ var: "plan" }, "pro"] }, "on", "off"] },
    metadata: { team: "shop" },
  },
  colour: { state: "ENABLED", variants: { red: "#f00", blue: "#00f" }, defaultVariant: "red" },
  size: { state: "ENABLED", variants: { s: 1, l: 2.5 }, defaultVariant: "l" },
  layout: { state: "ENABLED", variants: { a: { columns: 2 } }, defaultVariant: "a" },
  gone: { ...boolean, state: "DISABLED" },
  open: { state: "ENABLED", variants: { on: true, off: false }, targeting: { if: [{ var: "never" }, "on"] } },
  broken: { ...boolean, targeting: { substr: [{ var: "plan" }, 0] } },
};

async function bedWith(): Promise<Bed> {
  const bed = await flagBed({ flags });
  cleanings.push(bed.close);
  return bed;
}

const pro = { targetingKey: "ann", plan: "pro" };

test("the OpenFeature server SDK with our provider: values, reasons, metadata and events", async () => {
  const bed = await bedWith();
  const client = bed.client();
  await OpenFeature.setProviderAndWait("ours", provider(client) as never);
  const feature = OpenFeature.getClient("ours");
  expect(await feature.getBooleanDetails("fancy", false, pro)).toMatchObject({
    value: true,
    variant: "on",
    reason: "TARGETING_MATCH",
    flagMetadata: { team: "shop" },
  });
  expect(await feature.getStringValue("colour", "none")).toBe("#f00");
  expect(await feature.getNumberValue("size", 0)).toBe(2.5);
  expect(await feature.getObjectValue("layout", {})).toEqual({ columns: 2 });
  expect(await feature.getBooleanDetails("nowhere", true)).toMatchObject({
    value: true,
    errorCode: "FLAG_NOT_FOUND",
  });
  const changed: unknown[] = [];
  feature.addHandler(ProviderEvents.ConfigurationChanged, (details) => changed.push(details?.flagsChanged));
  await bed.turn("new-checkout", "off");
  expect(await feature.getBooleanValue("new-checkout", true)).toBe(false);
  expect(changed).toEqual([["new-checkout"]]);
});

test("@openfeature/ofrep-provider evaluates, and sees a kill at once", async () => {
  const bed = await bedWith();
  const headers: [string, string][] = [["authorization", `Bearer ${bed.key}`]];
  await OpenFeature.setProviderAndWait("ofrep", new OFREPProvider({ baseUrl: bed.url, headers }));
  const feature = OpenFeature.getClient("ofrep");
  expect(await feature.getBooleanDetails("fancy", false, pro)).toMatchObject({
    value: true,
    reason: "TARGETING_MATCH",
  });
  expect(await feature.getStringValue("colour", "none", pro)).toBe("#f00");
  expect(await feature.getObjectValue("layout", {}, pro)).toEqual({ columns: 2 });
  expect(await feature.getBooleanDetails("nowhere", true, pro)).toMatchObject({
    errorCode: "FLAG_NOT_FOUND",
  });
  await bed.turn("fancy", "off");
  expect(await feature.getBooleanValue("fancy", true, pro)).toBe(false);
});

test("@openfeature/flagd-provider evaluates in its own process, follows a kill, and is refused without a key", async () => {
  const bed = await bedWith();
  const sync = await listenForGrpc(
    "127.0.0.1",
    0,
    flagSync(bed.flags, () => bed.app.deps.clock.now()),
  );
  cleanings.push(sync.close);
  const options = { resolverType: "in-process", host: "127.0.0.1", port: sync.port } as const;
  const ours = new FlagdProvider({ ...options, selector: bed.key });
  cleanings.push(() => ours.onClose?.());
  await OpenFeature.setProviderAndWait("flagd", ours);
  const feature = OpenFeature.getClient("flagd");
  expect(await feature.getBooleanDetails("fancy", false, pro)).toMatchObject({ value: true, variant: "on" });
  const changed = new Promise((resolve) => feature.addHandler(ProviderEvents.ConfigurationChanged, resolve));
  await bed.turn("fancy", "off");
  await changed;
  expect(await feature.getBooleanValue("fancy", true, pro)).toBe(false);
  const stranger = new FlagdProvider({ ...options, selector: "none", fatalStatusCodes: ["UNAUTHENTICATED"] });
  cleanings.push(() => stranger.onClose?.());
  await expect(OpenFeature.setProviderAndWait("stranger", stranger)).rejects.toThrow();
}, 30_000);

/**
 * A check of an answer against a published schema: what is wrong, or null. `oneOf` is taken as `anyOf`: as published
 * it can never hold, since `codeDefaultFlag`, a map without properties, fits every answer beside the kind of its value.
 */
const openapi = parse(readFileSync(join(import.meta.dirname, "ofrep", "openapi.yaml"), "utf8")) as {
  components: { schemas: Record<string, unknown> };
};
const schemas = JSON.parse(
  JSON.stringify(openapi.components.schemas)
    .replaceAll("#/components/schemas/", "#/$defs/")
    .replaceAll('"oneOf"', '"anyOf"'),
);
const ajv = new Ajv2020({ strict: false, validateFormats: false });
function wrong(name: string, body: unknown): unknown {
  const check = ajv.compile({ $defs: schemas, $ref: `#/$defs/${name}` });
  return check(body) ? null : check.errors;
}

async function ask(bed: Bed, path: string, context: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${bed.url}/ofrep/v1/evaluate/flags${path}`, {
    method: "POST",
    headers: { "x-api-key": bed.key, "content-type": "application/json", ...headers },
    body: JSON.stringify(context),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    etag: answer.headers.get("etag"),
    body: text === "" ? null : JSON.parse(text),
  };
}

test("every answer is as OFREP 0.3.0 publishes it", async () => {
  const bed = await bedWith();
  const context = { context: pro };
  expect(wrong("serverEvaluationSuccess", { key: "a", value: true })).not.toBe(null);
  expect(wrong("bulkEvaluationSuccess", { flags: [{ key: "a", reason: "DEFAULT" }] })).not.toBe(null);
  for (const name of ["new-checkout", "fancy", "colour", "size", "layout", "gone", "open"]) {
    const { status, body } = await ask(bed, `/${name}`, context);
    expect([name, status]).toEqual([name, 200]);
    expect(wrong("serverEvaluationSuccess", body)).toBe(null);
  }
  expect((await ask(bed, "/gone", context)).body).toMatchObject({ key: "gone", reason: "DISABLED" });
  expect((await ask(bed, "/open", context)).body).toEqual({ key: "open", reason: "UNKNOWN" });
  const missing = await ask(bed, "/nowhere", context);
  expect(missing.status).toBe(404);
  expect(wrong("flagNotFound", missing.body)).toBe(null);
  const failed = await ask(bed, "/broken", { context: { targetingKey: "ann", plan: 7 } });
  expect(failed.status).toBe(400);
  expect(wrong("evaluationFailure", failed.body)).toBe(null);
  const odd = await ask(bed, "/fancy", { nothing: true });
  expect([odd.status, odd.body.errorCode]).toEqual([400, "INVALID_CONTEXT"]);
  const bulk = await ask(bed, "", context);
  expect(wrong("bulkEvaluationSuccess", bulk.body)).toBe(null);
  expect(bulk.body.flags).toHaveLength(Object.keys(flags).length);
  expect(wrong("bulkEvaluationFailure", (await ask(bed, "", {})).body)).toBe(null);
  expect((await ask(bed, "", context, { "x-api-key": "none" })).status).toBe(401);
});

test("a bulk answer is not sent twice, until something changes or somebody else asks", async () => {
  const bed = await bedWith();
  const first = await ask(bed, "", { context: pro });
  const same = { "if-none-match": first.etag ?? "" };
  expect(await ask(bed, "", { context: pro }, same)).toMatchObject({ status: 304, body: null });
  expect((await ask(bed, "", { context: { ...pro, plan: "free" } }, same)).status).toBe(200);
  await bed.turn("fancy", "off");
  expect((await ask(bed, "", { context: pro }, same)).status).toBe(200);
});

test("the change stream says that something changed, also after a cut, and its address opens nothing else", async () => {
  const bed = await bedWith();
  const { body } = await ask(bed, "", { context: pro });
  const address = `${bed.url}${body.eventStreams[0].endpoint.requestUri}`;
  const heard: string[] = [];
  const listen = async (headers: Record<string, string>) => {
    const stop = new AbortController();
    cleanings.push(() => stop.abort());
    const answer = await fetch(address, { headers, signal: stop.signal });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) heard.push(decoder.decode(chunk as Uint8Array));
    };
    void read().catch(() => undefined);
  };
  await listen({});
  await until(() => heard.join("").includes(": hello"));
  await bed.turn("fancy", "off");
  await until(() => heard.join("").includes('"type":"refetchEvaluation"'));
  const id = /id: (\d+)/.exec(heard.join(""))?.[1] ?? "";
  expect(Number(id)).toBe(bed.env.state().version);
  heard.length = 0;
  await listen({ "last-event-id": "1" });
  await until(() => heard.join("").includes("refetchEvaluation"));
  const ticket = new URL(address).searchParams.get("ticket") ?? "";
  expect((await ask(bed, "", { context: pro }, { "x-api-key": ticket })).status).toBe(401);
  expect((await fetch(address.replace(/.$/, "x"))).status).toBe(401);
});
