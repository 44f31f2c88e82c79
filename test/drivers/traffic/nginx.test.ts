import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { nginxTraffic } from "../../../src/drivers/traffic/nginx/nginx.ts";
import type { Host } from "../../../src/ports/host.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, backend, op, rawBackend, route, type TestBackend, until, value } from "../../proxy/bed.ts";
import { keepAliveLoad } from "./keep-alive-load.ts";
import { deps, host, mainText, type NginxBed, type NginxBedOptions, nginxBed } from "./nginx-bed.ts";

const withNginx = await describeWith("nginx");
const slow = { timeout: 90_000 };
const both = ["link", "reload"] as const;

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
}, 60_000);

async function bed(options: NginxBedOptions): Promise<NginxBed> {
  const made = await nginxBed(options);
  cleanups.push(made.close);
  return made;
}

async function app(name: string, handler?: http.RequestListener): Promise<TestBackend> {
  const made = await backend(name, handler);
  cleanups.push(made.close);
  return made;
}

async function to(nginx: NginxBed, id: string, target: TestBackend) {
  const { generation } = value(await nginx.traffic.now());
  return nginx.traffic.change(op(id), generation, { backend: route(target), held: false });
}

async function answers(nginx: NginxBed) {
  const { status, headers } = await ask(`${nginx.url}/`);
  return [status, headers["x-lastgood-release"]];
}

withNginx("nginx under our hands", () => {
  test(
    "a reload that fails after its test was right is noticed, and the former route is put back",
    slow,
    async () => {
      const nginx = await bed({ switchBy: "reload" });
      const [v1, v2] = [await app("v1"), await app("v2")];
      const before = value(await to(nginx, "one", v1));
      const taken = createServer();
      taken.listen(0, "127.0.0.1");
      await once(taken, "listening");
      cleanups.push(() => void taken.close());
      // nginx -t does not mind a port that is in use; a reload does.
      const { port } = taken.address() as { port: number };
      const folder = nginx.config.folder;
      writeFileSync(
        nginx.main,
        mainText({ switchBy: "reload", port: nginx.port, folder, inServer: `listen 127.0.0.1:${port};` }),
      );
      const failed = await to(nginx, "two", v2);
      expect(failed).toMatchObject({ ok: false, error: { code: "failed" } });
      expect(failed.ok ? "" : failed.error.next).toContain("error log");
      expect(failed.ok ? "" : failed.error.what).toContain("the former route was put back");
      expect(value(await nginx.traffic.now())).toEqual(before);
      expect(await answers(nginx)).toEqual([200, v1.release]);
      // What the next start of nginx would load is the former route too.
      expect(readFileSync(join(folder, "web.conf"), "utf8")).toContain(v1.url.replace("http://", ""));
      writeFileSync(nginx.main, mainText({ switchBy: "reload", port: nginx.port, folder }));
      expect(value(await to(nginx, "three", v2))).toMatchObject({ generation: before.generation + 1 });
      expect(await answers(nginx)).toEqual([200, v2.release]);
    },
  );

  test("a configuration that somebody left broken is told, and nothing is touched", slow, async () => {
    const nginx = await bed({ switchBy: "reload" });
    const [v1, v2] = [await app("v1"), await app("v2")];
    const before = value(await to(nginx, "one", v1));
    const conf = readFileSync(join(nginx.config.folder, "web.conf"), "utf8");
    writeFileSync(nginx.main, `${readFileSync(nginx.main, "utf8")}\nno_such_directive on;\n`);
    const refused = await to(nginx, "two", v2);
    expect(refused).toMatchObject({ ok: false, error: { code: "refused" } });
    expect(refused.ok ? "" : refused.error.what).toContain("no_such_directive");
    expect(readFileSync(join(nginx.config.folder, "web.conf"), "utf8")).toBe(conf);
    expect(value(await nginx.traffic.now())).toEqual(before);
  });

  test("a route that nginx does not take is refused before it is in place", slow, async () => {
    const nginx = await bed({ switchBy: "reload" });
    const before = value(await to(nginx, "one", await app("v1")));
    const conf = readFileSync(join(nginx.config.folder, "web.conf"), "utf8");
    for (const url of [
      "http://no-such-host.invalid:80",
      "http://a:1/path",
      "https://a:1",
      "http://x;y:1",
      "rubbish",
    ]) {
      const change = { backend: { release: "v2", instance: "i", url }, held: false };
      const refused = await nginx.traffic.change(op("two"), before.generation, change);
      expect(refused.ok ? "ok" : refused.error.code).toMatch(/^(refused|config)$/);
    }
    const release = 'v2"; return 200 "';
    const spoken = { backend: { release, instance: "i", url: "http://127.0.0.1:1" }, held: false };
    expect(await nginx.traffic.change(op("two"), before.generation, spoken)).toMatchObject({
      error: { code: "config" },
    });
    expect(readFileSync(join(nginx.config.folder, "web.conf"), "utf8")).toBe(conf);
    expect(value(await nginx.traffic.now())).toEqual(before);
  });

  test.each(both)(
    "by %s: a slow request and a tunnel stay with the old release, are counted, and end by themselves",
    // The kernel's table of connections is read while it changes: on a busy machine a look may miss one.
    { timeout: 30_000, retry: 2 },
    async (switchBy) => {
      const upgrade = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;";
      const nginx = await bed({
        switchBy,
        inLocation: "",
        inServer: `location /ws { include $FOLDER/web.location; proxy_http_version 1.1; ${upgrade} }`,
      });
      let release: () => void = () => undefined;
      const go = new Promise<void>((resolve) => {
        release = resolve;
      });
      const v1 = await app("v1", async (_request, response) => {
        await go;
        response.end("slow");
      });
      const sockets = await rawBackend((socket) => {
        socket.once("data", () =>
          socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
        );
        socket.on("data", (bytes) => void (bytes.includes("ping") && socket.write("pong")));
      });
      cleanups.push(sockets.close);
      value(await to(nginx, "one", v1));
      const answer = ask(`${nginx.url}/slow`);
      await until(async () => value(await nginx.traffic.inFlight(v1.instance)) === 1);
      const { generation } = value(await nginx.traffic.now());
      value(
        await nginx.traffic.change(op("two"), generation, {
          backend: { release: "v2", instance: "v2", url: sockets.url },
          held: false,
        }),
      );
      expect(value(await nginx.traffic.inFlight(v1.instance))).toBe(1);
      const tunnel = http.get(`${nginx.url}/ws`, { headers: { connection: "Upgrade", upgrade: "x" } });
      const [, socket] = (await once(tunnel, "upgrade")) as [unknown, import("node:net").Socket];
      value(await to(nginx, "three", v1));
      expect(value(await nginx.traffic.inFlight("v2"))).toBe(1);
      socket.write("ping");
      const [pong] = (await once(socket, "data")) as [Buffer];
      expect(pong.toString()).toBe("pong");
      socket.destroy();
      await until(async () => value(await nginx.traffic.inFlight("v2")) === 0);
      release();
      expect((await answer).body).toBe("slow");
      await until(async () => value(await nginx.traffic.inFlight(v1.instance)) === 0);
    },
  );

  test.each(both)(
    "by %s: a controller that slept before it acted finds nothing to put in place",
    slow,
    async (switchBy) => {
      const nginx = await bed({ switchBy });
      const [v1, v2, v3] = [await app("v1"), await app("v2"), await app("v3")];
      const first = value(await to(nginx, "one", v1));
      const sleeper = sleepingHost("mv");
      const asleep = nginxTraffic(nginx.config, { ...deps, host: sleeper.host });
      const late = asleep.change(op("late"), first.generation, { backend: route(v3), held: false });
      await sleeper.fellAsleep;
      const second = value(
        await nginx.traffic.change(op("two", 2), first.generation, { backend: route(v2), held: false }),
      );
      sleeper.wake();
      expect(await late).toMatchObject({ ok: false, error: { code: "conflict" } });
      expect(value(await nginx.traffic.now())).toEqual(second);
      expect(await answers(nginx)).toEqual([200, v2.release]);
    },
  );

  test(
    "after a crash between the new file and the reload, the route is told as it is, and the step goes on",
    slow,
    async () => {
      const nginx = await bed({ switchBy: "reload" });
      const [v1, v2] = [await app("v1"), await app("v2")];
      const first = value(await to(nginx, "one", v1));
      const dying = sleepingHost("reload");
      void nginxTraffic(nginx.config, { ...deps, host: dying.host }).change(op("two"), first.generation, {
        backend: route(v2),
        held: false,
      });
      await dying.fellAsleep;
      expect(readFileSync(join(nginx.config.folder, "web.conf"), "utf8")).toContain(v2.release);
      const next = nginx.again();
      expect(value(await next.now())).toEqual(first);
      const second = value(
        await next.change(op("two", 2), first.generation, { backend: route(v2), held: false }),
      );
      expect(second).toMatchObject({ generation: first.generation + 1, op: "two", epoch: 2 });
      expect(await answers(nginx)).toEqual([200, v2.release]);
    },
  );

  test("an nginx that does not include our files is told the lines to add", slow, async () => {
    const nginx = await bed({ switchBy: "link" });
    const other = nginxTraffic({ ...nginx.config, name: "other" }, deps);
    const told = await other.ensure();
    expect(told).toMatchObject({ ok: false, error: { code: "config" } });
    expect(told.ok ? "" : told.error.next).toContain("/other.location;");
    // And what was written meanwhile does not break the nginx that is there.
    expect(
      await host.run({
        argv: ["nginx", "-p", nginx.dir, "-c", nginx.main, "-t"],
        effect: "read",
        op: null,
        timeoutMs: 10_000,
      }),
    ).toMatchObject({ value: { exitCode: 0 } });
  });

  test.each(both)(
    "by %s: until the first deploy requests go where they went before",
    slow,
    async (switchBy) => {
      const old = await app("old");
      const nginx = await bed({ switchBy, initial: old.url.replace("http://", "") });
      expect((await ask(`${nginx.url}/`)).body).toBe("old");
      expect(value(await nginx.traffic.now())).toMatchObject({ generation: 0, backend: null });
      const v1 = await app("v1");
      value(await to(nginx, "one", v1));
      expect(await answers(nginx)).toEqual([200, v1.release]);
    },
  );

  test("the generation is nobody's business but the machine's", slow, async () => {
    const nginx = await bed({
      switchBy: "link",
      inServer: "set_real_ip_from 127.0.0.1; real_ip_header X-Real;",
    });
    const said = async (headers: Record<string, string>) =>
      (await ask(`${nginx.url}/.lastgood/web`, { headers })).status;
    expect(await said({})).toBe(200);
    expect(await said({ "x-real": "203.0.113.9" })).toBe(404);
  });

  test("records that are gone are told as damaged, not taken for a fresh nginx", slow, async () => {
    const nginx = await bed({ switchBy: "link" });
    value(await to(nginx, "one", await app("v1")));
    rmSync(join(nginx.config.folder, "web/records/000000001.json"));
    const now = await nginx.again().now();
    expect(now.ok ? "ok" : now.error.code).toMatch(/^(missing|damaged)$/);
  });

  test(
    "50 keep-alive connections lose nothing by a link, and get no answer of a release that was left",
    slow,
    async () => {
      const nginx = await bed({ switchBy: "link" });
      const [v1, v2] = [await app("v1"), await app("v2")];
      value(await to(nginx, "first", v1));
      const load = keepAliveLoad(`${nginx.url}/`, 50, 60);
      for (let i = 0; i < 20; i += 1) {
        const target = i % 2 === 0 ? v2 : v1;
        load.expectRelease(null);
        value(await to(nginx, `switch-${i}`, target));
        load.expectRelease(target.release);
        const goal = load.requests() + 150;
        await until(() => load.requests() >= goal);
      }
      const { requests, ...lost } = await load.stop();
      expect(lost).toEqual({ bad: 0, resets: 0, stale: 0 });
      expect(requests).toBeGreaterThan(3_000);
    },
  );

  test("50 keep-alive connections get no bad answer by a reload", slow, async () => {
    const nginx = await bed({ switchBy: "reload" });
    const [v1, v2] = [await app("v1"), await app("v2")];
    value(await to(nginx, "first", v1));
    const load = keepAliveLoad(`${nginx.url}/`, 50, 60);
    for (let i = 0; i < 6; i += 1) {
      value(await to(nginx, `switch-${i}`, i % 2 === 0 ? v2 : v1));
      const goal = load.requests() + 150;
      await until(() => load.requests() >= goal);
    }
    expect(await load.stop()).toMatchObject({ bad: 0 });
  });
});

/** A host on which the first command with this word never begins until it is woken: a controller that was stopped there. */
function sleepingHost(word: string) {
  let wake: () => void = () => undefined;
  let fall: () => void = () => undefined;
  const fellAsleep = new Promise<void>((resolve) => {
    fall = resolve;
  });
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let met = false;
  const sleeping: Host = {
    name: "sleeping",
    async run(command, signal) {
      if (!met && command.argv.includes(word)) {
        met = true;
        fall();
        await woken;
      }
      return host.run(command, signal);
    },
  };
  return { host: sleeping, fellAsleep, wake };
}
