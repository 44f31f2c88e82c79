import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Result } from "../../../src/core/result.ts";
import { type EdgeConfig, edgeTraffic } from "../../../src/drivers/traffic/edge/edge.ts";
import type { Backend } from "../../../src/ports/traffic.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, op, until, value } from "../../proxy/bed.ts";
import { type EdgeBed, edgeBed, routeTo } from "./edge-bed.ts";

const withDocker = await describeWith("docker");

withDocker("an edge container", () => {
  const { later, end } = laterOn();
  let bed: EdgeBed;
  let v1: Backend;
  let v2: Backend;

  beforeAll(async () => {
    bed = await edgeBed(later);
    [v1, v2] = [await bed.backend("v1"), await bed.backend("v2")];
  }, 300_000);
  afterAll(end, 120_000);

  const limit = { timeout: 120_000 };
  const nameOf = (config: EdgeConfig) => `lastgood-${config.project}-edge-${config.service}`;
  const code = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
  const inspect = async (name: string, format: string) =>
    await bed.docker("inspect", "--format", format, name);

  test(
    "waits where nobody finds it until it has a route, then takes all names of the service",
    limit,
    async () => {
      const other = `${bed.project}_other`;
      await bed.docker("network", "create", "--label", `lastgood.test=${bed.project}`, other);
      const config = bed.config({
        networks: [
          { name: bed.network, aliases: ["api-x", "old-container-name"], ip: null },
          { name: other, aliases: ["api-y"], ip: null },
        ],
      });
      const edge = edgeTraffic(config, bed.deps);
      value(await edge.ensure());
      expect(
        await inspect(nameOf(config), "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"),
      ).toBe(`lastgood-${bed.project}-waiting`);
      expect(code(await edge.whoAnswers("/", 2_000))).toBe("missing");
      await routeTo(edge, v1);
      expect(value(await edge.whoAnswers("/", 5_000))).toEqual({ release: v1.release, status: 200 });
      const asker = await bed.program(
        "asker",
        `Promise.all(process.argv.slice(1).map(async (name) => {
         const answer = await fetch("http://" + name + ":3000/");
         console.log(name, answer.status, answer.headers.get("x-lastgood-release"), (await answer.text()).trim());
       })).then(() => console.log("ready"), (error) => { console.log(error.cause ?? error, "ready"); });`,
        [],
        ["api-x", "old-container-name"],
      );
      const said = await bed.docker("logs", asker);
      expect(said).toContain(`api-x 200 ${v1.release} v1`);
      expect(said).toContain(`old-container-name 200 ${v1.release} v1`);
      expect(
        Object.keys(
          JSON.parse(await inspect(nameOf(config), "{{json .NetworkSettings.Networks}}")),
        ).toSorted(),
      ).toEqual([bed.network, other].toSorted());
    },
  );

  test(
    "a first switch leaves names and ports alone where a container of the user's has them",
    limit,
    async () => {
      const service = "foreign";
      await bed.program(service, `console.log("ready"); setInterval(() => {}, 1000)`, [
        ...[
          "--label",
          `com.docker.compose.project=${bed.project}`,
          "--label",
          `com.docker.compose.service=${service}`,
        ],
      ]);
      const config = bed.config({ service });
      const edge = edgeTraffic(config, bed.deps);
      value(await edge.ensure());
      await routeTo(edge, v1);
      expect(code(await edge.address(bed.network))).toBe("missing");
      value(await edge.join());
      expect(code(await edge.address(bed.network))).toBe("ok");
    },
  );

  test(
    "ensure makes one only, also when several controllers call it at once, and changes nothing that runs",
    limit,
    async () => {
      const config = bed.config();
      const controllers = Array.from({ length: 3 }, () => edgeTraffic(config, bed.deps));
      expect((await Promise.all(controllers.map((one) => one.ensure()))).map(code)).toEqual([
        "ok",
        "ok",
        "ok",
      ]);
      const [edge] = controllers;
      if (!edge) throw new Error("no edge");
      await routeTo(edge, v1);
      const started = await inspect(nameOf(config), "{{.Id}} {{.State.StartedAt}}");
      value(await edgeTraffic(config, bed.deps).ensure());
      value(await edgeTraffic(config, bed.deps).join());
      expect(await inspect(nameOf(config), "{{.Id}} {{.State.StartedAt}}")).toBe(started);
      expect(value(await edge.differences())).toEqual([]);
      const moved = edgeTraffic({ ...config, port: 3001 }, bed.deps);
      expect(value(await moved.differences())).toHaveLength(1);
      value(await moved.ensure());
      expect(await inspect(nameOf(config), "{{.Id}} {{.State.StartedAt}}")).toBe(started);
    },
  );

  test(
    "a waiting room that was made twice is one again, also where an edge stands in it",
    limit,
    async () => {
      const room = `lastgood-${bed.project}-waiting`;
      const rooms = async () =>
        (await bed.docker("network", "ls", "--quiet", "--filter", `name=^${room}$`)).split("\n");
      const first = bed.edge();
      value(await first.ensure());
      const [kept] = await rooms();
      const again = bed.config();
      await doubleNetwork(bed.bed.socket, room);
      await doubleNetwork(bed.bed.socket, room);
      expect(await rooms()).toHaveLength(3);
      value(await edgeTraffic(again, bed.deps).ensure());
      expect(await rooms()).toEqual([kept]);
      // Doubled between creation and start: the engine refuses that start, and the room is settled there.
      const late = bed.config();
      let doubled = 0;
      const { docker } = bed.deps;
      const racing: typeof docker = {
        ...docker,
        async run(call) {
          if (call.args[0] === "start" && doubled++ === 0) await doubleNetwork(bed.bed.socket, room);
          return await docker.run(call);
        },
      };
      value(await edgeTraffic(late, { ...bed.deps, docker: racing }).ensure());
      expect(await rooms()).toEqual([kept]);
      expect(doubled).toBe(2); // starts: the one that was refused, and the one after
      expect(await inspect(nameOf(late), "{{.State.Status}}")).toBe("running");
    },
  );

  test("a port that somebody else has is told, and taken once it is free", limit, async () => {
    const hostPort = await bed.freePort();
    const other = createServer((_request, response) => response.end("other"));
    await new Promise<void>((resolve) => other.listen(hostPort, "127.0.0.1", resolve));
    const config = bed.config({ published: [{ hostIp: "127.0.0.1", hostPort }] });
    const edge = edgeTraffic(config, bed.deps);
    value(await edge.ensure());
    expect(code(await edge.join())).toBe("port-in-use");
    await new Promise((resolve) => other.close(resolve));
    value(await edge.join());
    await routeTo(edge, v2);
    expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("v2\n");
    expect(value(await edge.whoAnswers("/", 5_000)).release).toBe(v2.release);
  });

  test(
    "it comes back by itself with route, names and ports after its end, and is made anew where it was removed",
    limit,
    async () => {
      const hostPort = await bed.freePort();
      const config = bed.config({ published: [{ hostIp: "127.0.0.1", hostPort }] });
      const edge = edgeTraffic(config, bed.deps);
      value(await edge.ensure());
      const state = await routeTo(edge, v1);
      const pid = Number(await inspect(nameOf(config), "{{.State.Pid}}"));
      process.kill(pid, "SIGKILL");
      const restarts = () => inspect(nameOf(config), "{{.RestartCount}} {{.State.Status}}");
      await until(async () => (await restarts()) === "1 running");
      value(await edge.ensure());
      expect(value(await edge.now())).toEqual(state);
      expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("v1\n");
      await bed.docker("rm", "--force", nameOf(config));
      // Without an edge nobody is sent anywhere; its stored route comes back with it.
      expect(value(await edge.now()).backend).toBe(null);
      value(await edge.ensure());
      expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("v1\n");
      expect(value(await edge.now())).toEqual(state);
    },
  );

  test(
    "shutDown finishes what is in flight and stays down; a fenced controller is refused",
    limit,
    async () => {
      const hostPort = await bed.freePort();
      const config = bed.config({ published: [{ hostIp: "127.0.0.1", hostPort }] });
      const edge = edgeTraffic(config, bed.deps);
      value(await edge.ensure());
      const { generation } = value(await edge.now());
      value(await edge.change(op("first", 5), generation, { backend: v1, held: false }));
      expect(code(await edge.shutDown(op("late", 4)))).toBe("fenced");
      expect(await inspect(nameOf(config), "{{.HostConfig.RestartPolicy.Name}}")).toBe("always");
      const slow = ask(`http://127.0.0.1:${hostPort}/slow`);
      await until(async () => value(await edge.inFlight(v1.instance)) === 1);
      value(await edge.shutDown(op("down", 5)));
      expect((await slow).body).toBe("v1\n");
      expect(await inspect(nameOf(config), "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 0");
      value(await edge.shutDown(op("down", 5)));
      value(await edge.ensure());
      expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("v1\n");
      value(await edge.remove(op("gone", 5)));
      expect(await bed.docker("ps", "--all", "--quiet", "--filter", `name=${nameOf(config)}`)).toBe("");
      value(await edge.remove(op("gone", 5)));
    },
  );

  test("it runs as the owner of its state folder, who alone may use the socket", limit, async () => {
    const stateDir = bed.folder();
    const uid = 12_345;
    chownSync(stateDir, uid, uid);
    writeFileSync(join(stateDir, "proxy.json"), "{}"); // as that user would have written it
    chownSync(join(stateDir, "proxy.json"), uid, uid);
    const config = bed.config({ stateDir, port: 80 });
    const { files } = bed.deps;
    const asOwner: typeof files = {
      ...files,
      async replace(path, content, mode) {
        const done = await files.replace(path, content, mode);
        chownSync(path, uid, uid);
        return done;
      },
    };
    const edge = edgeTraffic(config, { ...bed.deps, files: asOwner });
    value(await edge.ensure());
    await routeTo(edge, v1);
    const socket = statSync(join(stateDir, "control.sock"));
    expect([socket.uid, socket.mode & 0o777]).toEqual([uid, 0o600]);
    expect(await inspect(nameOf(config), "{{.Config.User}}")).toBe(`${uid}:${uid}`);
    expect(value(await edge.whoAnswers("/", 5_000)).status).toBe(200); // port 80, and not as root
  });

  test("a state folder too deep for a unix socket uses a short folder beside it", limit, async () => {
    const deep = join(bed.folder(), "x".repeat(120));
    mkdirSync(deep);
    expect(code(await edgeTraffic(bed.config({ stateDir: deep }), bed.deps).ensure())).toBe("config");
    const socketDir = bed.folder();
    chmodSync(socketDir, 0o700);
    const edge = bed.edge({ stateDir: deep, socketDir });
    value(await edge.ensure());
    expect(value(await edge.now()).generation).toBe(0);
    expect(existsSync(join(deep, "control.sock"))).toBe(false);
    // Beside it stands whose it is.
    const [socket = "", owner] = readdirSync(socketDir).sort();
    expect([socket.endsWith(".sock"), owner]).toEqual([true, `${socket}.of`]);
  });

  test("an edge that can't start says why, in the proxy's own words", limit, async () => {
    const stateDir = bed.folder();
    writeFileSync(join(stateDir, "route.json"), '{"generation":');
    const result = await bed.edge({ stateDir }).ensure();
    expect(code(result)).toBe("damaged");
    expect(result.ok ? "" : result.error.what).toContain("route.json");
  });

  test("a container of that name which is no edge is left alone", limit, async () => {
    const config = bed.config();
    await bed.docker(
      ...[
        "create",
        "--name",
        nameOf(config),
        "--label",
        `lastgood.test=${bed.project}`,
        bed.image,
        "--config",
        "x",
      ],
    );
    expect(code(await edgeTraffic(config, bed.deps).ensure())).toBe("busy");
    expect(await inspect(nameOf(config), "{{.State.Status}}")).toBe("created");
  });
});

/** As two who ask at the same moment get it: the engine looks, then makes, and its older API can be told not to look. */
async function doubleNetwork(socketPath: string, name: string): Promise<void> {
  const body = JSON.stringify({ Name: name, CheckDuplicate: false, Internal: true });
  const status = await new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath,
        path: "/v1.41/networks/create",
        method: "POST",
        headers: { "content-type": "application/json" },
      },
      (answer) => answer.resume().on("end", () => resolve(answer.statusCode)),
    );
    asked.on("error", reject).end(body);
  });
  expect(status).toBe(201);
}
