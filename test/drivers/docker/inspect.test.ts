// What engines say of containers and images: recorded from engine 20.10.24 (by client 28.2), and as newer ones write it.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mergeByTime } from "../../../src/drivers/docker/containers.ts";
import { parseContainers, parseImages } from "../../../src/drivers/docker/inspect.ts";

const recorded = (name: string) => readFileSync(new URL(`recorded/${name}`, import.meta.url), "utf8");
const containers = parseContainers(recorded("containers-20.10.jsonl")) ?? [];

test("a running container shows address, aliases, published port, healthcheck and restart policy", () => {
  const [container] = containers;
  expect(container).toMatchObject({
    name: "rec-healthy",
    status: "running",
    health: "unhealthy",
    restartPolicy: "unless-stopped",
    restarts: 0,
    networkMode: "rec_back",
    published: [{ hostIp: "127.0.0.1", hostPort: 18099, target: "3000/tcp" }],
    labels: { "lastgood.kind": "instance", "lastgood.op": "op-1" },
  });
  // A check that is one line of text is run as the engine runs it.
  expect(container?.healthcheck?.argv).toHaveLength(3);
  expect(container?.healthcheck?.argv.at(-1)).toBe("node -e 0");
  expect(container?.addresses["rec_back"]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(container?.networks).toMatchObject([{ name: "rec_back" }]);
  expect(container?.networks[0]?.aliases).toContain("api");
  expect(container?.startedAt).toBe(Date.parse("2026-11-22T04:57:09.627Z"));
});

test("a container that ended has its exit code and no address", () => {
  expect(containers[1]).toMatchObject({
    name: "rec-exited",
    status: "exited",
    exitCode: 3,
    health: null,
    addresses: {},
    healthcheck: null,
  });
});

test("a container that could not be started never started, and says why", () => {
  expect(containers[2]).toMatchObject({ status: "created", startedAt: null });
  expect(containers[2]?.error).toContain('exec: "nosuch": executable file not found');
});

test("times of creation sort as texts, also where the engine leaves out zeros at their end", () => {
  const line = recorded("containers-20.10.jsonl").split("\n")[1] ?? "";
  const at = (created: string) =>
    parseContainers(JSON.stringify({ ...JSON.parse(line), Created: created }))?.[0]?.created ?? "";
  const times = ["2026-11-22T04:57:08Z", "2026-11-22T04:57:08.88Z", "2026-11-22T04:57:08.882606804Z"].map(at);
  expect(times.toSorted()).toEqual(times);
});

test("what newer engines leave out, or write as null, is read as nothing", () => {
  const line = JSON.parse(recorded("containers-20.10.jsonl").split("\n")[1] ?? "");
  const newer = {
    ...line,
    State: { ...line.State, Health: null },
    Config: { ...line.Config, Labels: null, Healthcheck: null },
    HostConfig: { ...line.HostConfig, PortBindings: null },
    NetworkSettings: {
      Networks: { shop: { IPAddress: "10.0.0.2", DNSNames: ["a"], GwPriority: 0 }, other: null },
    },
  };
  expect(parseContainers(JSON.stringify(newer))).toMatchObject([
    { labels: {}, health: null, published: [], addresses: { shop: "10.0.0.2" } },
  ]);
});

test("what is no container is refused, not guessed", () => {
  expect(parseContainers("{}")).toBeNull();
  expect(parseContainers("<html>")).toBeNull();
});

test("images have their id, names and the ports they say they listen on", () => {
  const images = parseImages(recorded("images-20.10.jsonl"));
  expect(images).toMatchObject([
    { tags: ["shop/node:24"], ports: [], hasHealthcheck: false },
    { tags: [], ports: [3000], digests: [] },
  ]);
  expect(images?.[0]?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("lines of both outputs come back in the order in which they were written", () => {
  const out = "2026-11-22T04:57:10.430087039Z first\n2026-11-22T04:57:10.430099999Z third\n";
  const error = "2026-11-22T04:57:10.430094365Z second\r\n2026-11-22T04:57:10.530000000Z \n";
  expect(mergeByTime(out, error)).toEqual(["first", "second", "third", ""]);
});
