// What services of real-looking compose files are taken for, and why.
import { expect, test } from "vitest";
import { classify, portOf } from "../../../src/drivers/docker/stack-class.ts";
import { parseStack, type StackModel } from "../../../src/drivers/docker/stack-model.ts";

function stack(services: Record<string, unknown>): StackModel {
  const model = parseStack(JSON.stringify({ name: "shop", services }));
  if (model === null) throw new Error("no model");
  return model;
}

function classOf(
  service: unknown,
  others: Record<string, unknown> = {},
  ports: readonly number[] | null = null,
) {
  return classify(stack({ ...others, it: service }), "it", ports);
}

test.each([
  ["postgres:15", "stateful"],
  ["docker.io/library/redis:7-alpine@sha256:abc", "stateful"],
  ["bitnami/postgresql", "stateful"],
  ["quay.io/minio/minio:latest", "stateful"],
  ["pgvector/pgvector:pg16", "stateful"],
  ["prom/prometheus", "stateful"],
  ["certbot/certbot", "once"],
  ["cloudflare/cloudflared", "edge"],
])("an image %s is %s", (image, is) => {
  expect(classOf({ image }).class).toBe(is);
});

test("an image of one's own that keeps a database's files is stateful, and so is one whose healthcheck asks a database", () => {
  expect(
    classOf({
      build: { context: "." },
      volumes: [{ type: "volume", source: "d", target: "/var/lib/postgresql/data" }],
    }),
  ).toEqual({
    class: "stateful",
    why: "it keeps a database's files in /var/lib/postgresql/data",
  });
  expect(
    classOf({ image: "shop/db:1", healthcheck: { test: ["CMD-SHELL", "pg_isready -U $$POSTGRES_USER"] } })
      .class,
  ).toBe("stateful");
});

test("a proxy is an edge by its port or its configuration; one with neither is not", () => {
  expect(classOf({ image: "nginx:1.25", ports: [{ target: 80, published: "80" }] }).class).toBe("edge");
  const mounted = {
    image: "nginx",
    volumes: [{ type: "bind", source: "/srv/nginx.conf", target: "/etc/nginx/nginx.conf" }],
  };
  expect(classOf(mounted)).toEqual({
    class: "edge",
    why: "its image is nginx, and /etc/nginx/nginx.conf is its configuration",
  });
  expect(classOf({ image: "nginx", expose: ["8080"] }).class).toBe("app");
});

test("a frontend that is built on nginx and has port 80 is an app: it changes with every release", () => {
  expect(classOf({ build: { context: "./web" }, ports: [{ target: 80, published: "80" }] }).class).toBe(
    "app",
  );
});

test("what listens is an app, by expose, ports or what its healthcheck asks; what does not is a worker", () => {
  expect(classOf({ image: "shop/api", expose: ["3000"] })).toEqual({
    class: "app",
    why: "it exposes port 3000",
  });
  expect(classOf({ image: "shop/api", ports: [{ target: 3000 }] }).class).toBe("app");
  const checked = {
    image: "shop/api",
    healthcheck: { test: ["CMD-SHELL", "wget -qO- http://localhost:3000/api/health || exit 1"] },
  };
  expect(classOf(checked)).toEqual({ class: "app", why: "its healthcheck asks port 3000" });
  expect(classOf({ image: "shop/api" })).toEqual({ class: "worker", why: "it has no port" });
});

test("a port that only the image names makes an app, but not of a second process of the same image", () => {
  const api = { build: { context: "/srv" } };
  expect(classOf(api, {}, [3000]).class).toBe("app");
  expect(classOf({ ...api, command: ["node", "worker.js"] }, { api }, [3000])).toEqual({
    class: "worker",
    why: "it runs another command of the image of api",
  });
});

test("a service that another one waits for until it has ended is no part of a release", () => {
  const api = { image: "shop/api", depends_on: { it: { condition: "service_completed_successfully" } } };
  expect(classOf({ image: "shop/api", command: ["migrate"] }, { api })).toEqual({
    class: "once",
    why: "api waits until it has ended",
  });
});

test("the port is the one that the healthcheck asks, where several are exposed; else the first", () => {
  const service = (more: object) => stack({ it: { image: "x", ...more } }).services["it"] ?? {};
  const check = { healthcheck: { test: ["CMD", "curl", "-f", "http://127.0.0.1:9000/up"] } };
  expect(portOf(service({ expose: ["3000", "9000/tcp"], ...check }), null)).toBe(9000);
  expect(portOf(service({ expose: ["3000", "9000"] }), null)).toBe(3000);
  expect(portOf(service({ ports: [{ target: 53, protocol: "udp" }, { target: 8080 }] }), null)).toBe(8080);
  expect(portOf(service({}), [5000])).toBe(5000);
  expect(portOf(service(check), null)).toBe(9000);
  expect(portOf(service({}), null)).toBeNull();
});
