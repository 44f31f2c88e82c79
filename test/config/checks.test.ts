import { expect, test } from "vitest";
import { loaded, said, sample, spoilt, withLines } from "./sample.ts";

const staging = (listen: string, more = "") => `  staging:
    services: { web: { runtime: process, source: 's/{version}', command: [a], health: { path: / } } }
    traffic: { kind: proxy, listen: "${listen}" }
${more}`;

test.each(["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080", "localhost:8080"])(
  "two environments cannot both listen there: %s",
  (listen) => {
    expect(said(sample + staging(listen))).toEqual([
      "13:37 environments.staging.traffic.listen: port 8080 is taken by `environments.production.traffic.listen` -> write another port in one of the two",
    ]);
  },
);

test.each(["127.0.0.1:8081", "127.0.0.2:8080", "[::1]:8080"])(
  "beside each other they can listen: %s",
  (listen) => {
    expect(said(sample + staging(listen))).toEqual([]);
  },
);

test("the controller's address counts, also the one that nobody wrote", () => {
  expect(said(`${sample}controller: { listen: 0.0.0.0:8080 }\n`)).toEqual([
    "11:23 controller.listen: port 8080 is taken by `environments.production.traffic.listen` -> write another port in one of the two",
  ]);
  const hidden = said(spoilt("127.0.0.1:8080", "127.0.0.1:7420"));
  expect(hidden).toEqual([
    "1:1 controller.listen: port 7420 is taken by `environments.production.traffic.listen` -> write another port in one of the two",
  ]);
});

test("only the controller may take any free port", () => {
  expect(loaded(`${sample}controller: { listen: 127.0.0.1:0 }\n`).controller.listen.port).toBe(0);
  expect(said(spoilt("127.0.0.1:8080", "127.0.0.1:0"))).toHaveLength(1);
});

const inState = (state: string) =>
  `this lies in the \`state\` folder (${state}), which belongs to Lastgood -> write another path here, or another folder for \`state\``;

test.each([
  [".lastgood", ".lastgood"],
  [".lastgood", "./.lastgood/shop.db"],
  ["data/", "data/x/../shop.db"],
  ["/srv/state", "/srv/state/shop.db"],
])("with state %s, the database cannot be %s", (state, file) => {
  const text = `state: ${state}\n${withLines(`database: { kind: sqlite, file: ${file} }`)}`;
  expect(said(text)).toEqual([`12:37 environments.production.database.file: ${inState(state)}`]);
});

test("nor can versions lie in the state folder, or secrets", () => {
  const text = spoilt("releases/{version}", ".lastgood/releases/{version}").replace(
    "        health:",
    "        envFile: .lastgood/env\n        health:",
  );
  expect(said(text)).toEqual([
    `7:17 environments.production.services.web.source: ${inState(".lastgood")}`,
    `9:18 environments.production.services.web.envFile: ${inState(".lastgood")}`,
  ]);
});

test("a folder whose name only begins alike is another folder", () => {
  expect(said(withLines("database: { kind: sqlite, file: .lastgood-data/shop.db }"))).toEqual([]);
});

test("two environments cannot share a database", () => {
  const text =
    withLines("database: { kind: sqlite, file: data/shop.db }") +
    staging("127.0.0.1:1", "    database: { kind: sqlite, file: ./data/shop.db }\n");
  expect(said(text)).toEqual([
    "15:37 environments.staging.database.file: this is also the database of `environments.production` -> give each environment a database of its own",
  ]);
});

test("a contradiction is told beside other mistakes, in the same sections", () => {
  const text =
    withLines("database: { kind: sqlite, file: .lastgood/a.db, keepBackup: 3 }") +
    staging("127.0.0.1:8080", "    strategi: pause\n");
  expect(said(text).map((line) => line.split(" ")[1])).toEqual([
    "environments.production.database.file:",
    "environments.production.database.keepBackup:",
    "environments.staging.traffic.listen:",
    "environments.staging.strategi:",
  ]);
});
