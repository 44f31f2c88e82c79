import { expect, test } from "vitest";
import { haproxyTraffic } from "../../../src/config/sections/haproxy.ts";
import { nginxName, nginxTraffic } from "../../../src/config/sections/nginx.ts";

const nginx = { kind: "nginx", url: "http://127.0.0.1:80", include: "/etc/nginx/lastgood" };
const haproxy = {
  kind: "haproxy",
  url: "http://127.0.0.1:80",
  backend: "web",
  folder: "/var/lib/x",
  socket: "/run/x.sock",
};

function wrong(schema: typeof nginxTraffic | typeof haproxyTraffic, section: object): string {
  const read = schema.safeParse(section);
  return read.success
    ? ""
    : read.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
}

test("the shortest nginx section switches by a link", () => {
  expect(nginxTraffic.parse(nginx)).toMatchObject({
    switch: "link",
    mount: "folder",
    drain: { ms: 30_000 },
    askFrom: [],
  });
  expect(nginxTraffic.parse({ ...nginx, accessLog: { path: "/x.log" } }).accessLog).toMatchObject({
    format: "combined",
  });
});

test("what cannot go together is said at its key", () => {
  expect(wrong(nginxTraffic, { ...nginx, mount: "file" })).toMatch(/^mount: a link/);
  expect(wrong(nginxTraffic, { ...nginx, mount: "file", switch: "reload" })).toBe("");
  expect(wrong(nginxTraffic, { ...nginx, includeInside: "/x" })).toMatch(/^includeInside: /);
  expect(wrong(nginxTraffic, { ...nginx, container: "a", command: ["nginx"] })).toMatch(/^command: /);
  expect(wrong(nginxTraffic, { ...nginx, askFrom: ["10.0.0.0/8", "x; } evil"] })).toMatch(/^askFrom.1: /);
  expect(wrong(haproxyTraffic, haproxy)).toBe("");
  expect(wrong(haproxyTraffic, { ...haproxy, address: "127.0.0.1:1" })).toMatch(/^socket: /);
  expect(wrong(haproxyTraffic, { ...haproxy, backend: "a;b" })).toMatch(/^backend: /);
});

test("an environment and a service make a name that nginx takes for a variable", () => {
  expect(nginxName("production", "web-api")).toBe("production_web_api");
});
