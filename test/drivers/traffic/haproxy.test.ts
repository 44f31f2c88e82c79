import { rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { afterEach, expect, test } from "vitest";
import { haproxyTraffic } from "../../../src/drivers/traffic/haproxy/haproxy.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, backend, op, route, type TestBackend, until, value } from "../../proxy/bed.ts";
import { deps, type HaproxyBed, haproxyBed } from "./haproxy-bed.ts";
import { keepAliveLoad } from "./keep-alive-load.ts";

const withHaproxy = await describeWith("haproxy");
const slow = { timeout: 60_000 };

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
}, 60_000);

async function bed(): Promise<HaproxyBed> {
  const made = await haproxyBed();
  cleanups.push(made.close);
  return made;
}

async function app(name: string, handler?: http.RequestListener): Promise<TestBackend> {
  const made = await backend(name, handler);
  cleanups.push(made.close);
  return made;
}

async function to(haproxy: HaproxyBed, id: string, target: TestBackend) {
  const { generation } = value(await haproxy.traffic.now());
  return haproxy.traffic.change(op(id), generation, { backend: route(target), held: false });
}

async function answers(haproxy: HaproxyBed) {
  const { status, headers } = await ask(`${haproxy.url}/`);
  return [status, headers["x-lastgood-release"]];
}

withHaproxy("HAProxy under our hands", () => {
  test("the route survives a kill -9 of HAProxy, by its state file and our map", slow, async () => {
    const haproxy = await bed();
    value(await to(haproxy, "one", await app("v1")));
    const v2 = await app("v2");
    const before = value(await to(haproxy, "two", v2));
    await haproxy.restart({ forget: false });
    expect(await answers(haproxy)).toEqual([200, v2.release]);
    expect(value(await haproxy.again().now())).toEqual(before);
  });

  test(
    "without its state file a restart is told, not taken for a route, and ensure puts it back",
    slow,
    async () => {
      const haproxy = await bed();
      const v1 = await app("v1");
      const before = value(await to(haproxy, "one", v1));
      await haproxy.restart({ forget: true });
      expect(await haproxy.traffic.now()).toMatchObject({ ok: false, error: { code: "damaged" } });
      value(await haproxy.again().ensure());
      expect(await answers(haproxy)).toEqual([200, v1.release]);
      expect(value(await haproxy.traffic.now())).toEqual(before);
    },
  );

  test("a server that somebody made ready by hand is told", slow, async () => {
    const haproxy = await bed();
    value(await to(haproxy, "one", await app("v1")));
    value(await deps.sockets.ask(haproxy.config.socket, "set server web/lastgood3 state ready\n", 5_000));
    const now = await haproxy.traffic.now();
    expect(now).toMatchObject({ ok: false, error: { code: "damaged" } });
    expect(now.ok ? "" : now.error.what).toContain("lastgood3");
  });

  test(
    "slow requests stay with the release they came to, are counted, and keep their slot from being used anew",
    slow,
    async () => {
      const haproxy = await bed();
      let release: () => void = () => undefined;
      const go = new Promise<void>((resolve) => {
        release = resolve;
      });
      const v1 = await app("v1", async (_request, response) => {
        await go;
        response.end("slow");
      });
      value(await to(haproxy, "one", v1));
      const answer = ask(`${haproxy.url}/slow`);
      await until(async () => value(await haproxy.traffic.inFlight(v1.instance)) === 1);
      for (const name of ["v2", "v3", "v4", "v5", "v6"]) {
        const next = await app(name);
        value(await to(haproxy, name, next));
        expect(await answers(haproxy)).toEqual([200, next.release]);
        expect(value(await haproxy.traffic.inFlight(v1.instance))).toBe(1);
      }
      release();
      const { body, headers } = await answer;
      expect([body, headers["x-lastgood-release"]]).toEqual(["slow", v1.release]);
      await until(async () => value(await haproxy.traffic.inFlight(v1.instance)) === 0);
    },
  );

  test(
    "50 keep-alive connections lose nothing, and get no answer of a release that was left",
    slow,
    async () => {
      const haproxy = await bed();
      const [v1, v2] = [await app("v1"), await app("v2")];
      value(await to(haproxy, "first", v1));
      const load = keepAliveLoad(`${haproxy.url}/`, 50, 60);
      for (let i = 0; i < 20; i += 1) {
        const target = i % 2 === 0 ? v2 : v1;
        load.expectRelease(null);
        value(await to(haproxy, `switch-${i}`, target));
        load.expectRelease(target.release);
        const goal = load.requests() + 150;
        await until(() => load.requests() >= goal);
      }
      expect(await load.stop()).toMatchObject({ bad: 0, resets: 0, stale: 0 });
    },
  );

  test(
    "a backend that is not there, and an HAProxy that does not use our map, are told with the lines to add",
    slow,
    async () => {
      const haproxy = await bed();
      const absent = await haproxyTraffic({ ...haproxy.config, backend: "nope" }, deps).ensure();
      expect(absent.ok ? "" : absent.error.next).toContain("server-template");
      const other = await haproxyTraffic({ ...haproxy.config, name: "other" }, deps).ensure();
      expect(other.ok ? "" : other.error.next).toContain("http-response set-header X-Lastgood-Release");
    },
  );

  test("records that are gone are told", slow, async () => {
    const haproxy = await bed();
    value(await to(haproxy, "one", await app("v1")));
    const path = `${haproxy.config.folder}/web/records/000000001.json`;
    writeFileSync(path, "{");
    expect(await haproxy.again().now()).toMatchObject({ error: { code: "damaged" } });
    rmSync(path);
    expect(await haproxy.again().now()).toMatchObject({ error: { code: "missing" } });
  });
});
