// `stack: { runtime: compose }`: what may be written, what is filled in, what is refused.
import { expect, test } from "vitest";
import { loaded, said } from "./sample.ts";

const config = (...lines: readonly string[]) =>
  [
    "app: shop",
    "environments:",
    "  production:",
    "    stack:",
    "      runtime: compose",
    "      files: [docker-compose.prod.yml]",
  ]
    .concat(lines.map((line) => `      ${line}`))
    .join("\n");

test("the files are enough: the rest has defaults", () => {
  expect(loaded(config()).environments["production"]?.stack).toMatchObject({
    runtime: "compose",
    files: [expect.stringMatching(/docker-compose\.prod\.yml$/)],
    envFiles: [],
    profiles: [],
    blank: [],
    pull: "missing",
    docker: {},
    services: {},
    tasks: [],
  });
});

test("services and tasks are read with their durations", () => {
  const text = config(
    "versionVariable: TAG",
    "services: { api: { port: 3000, health: { path: /api/health, timeout: 5s } }, jobs: { class: worker, double: true } }",
    "tasks: [{ name: migrate, service: api, command: [npm, run, migrate] }]",
  );
  expect(loaded(text).environments["production"]?.stack).toMatchObject({
    services: {
      api: { port: 3000, health: { path: "/api/health", timeout: { ms: 5_000 } }, double: false },
      jobs: { class: "worker", double: true },
    },
    tasks: [
      { name: "migrate", service: "api", command: ["npm", "run", "migrate"], timeout: { ms: 600_000 } },
    ],
  });
});

test("two tasks of one name, two ways to an engine, and an unheard class are refused", () => {
  const task = "{ name: migrate, service: api, command: [x] }";
  expect(said(config(`tasks: [${task}, ${task}]`)).join()).toContain("two tasks are called migrate");
  expect(said(config('docker: { host: "unix:///x", context: y }')).join()).toContain(
    "`host` and `context` say two things",
  );
  expect(said(config("services: { api: { class: server } }")).join()).toContain(
    "app, worker, stateful, edge or once",
  );
});
