// Names in the engine: the same for a retry, different for anything else, and short enough to be looked up.
import { expect, test } from "vitest";
import { copyName, imageTag, instanceName, isTag, taskName } from "../../../src/drivers/docker/names.ts";

test("an instance has the same name for the same op, and another one for another op, release, service or project", () => {
  const name = instanceName("shop", "api", "v1-abc", "op-1");
  expect(instanceName("shop", "api", "v1-abc", "op-1")).toBe(name);
  expect(name).toMatch(/^shop-api-[0-9a-f]{10}$/);
  const others = [
    instanceName("shop", "api", "v1-abc", "op-2"),
    instanceName("shop", "api", "v2-abc", "op-1"),
    instanceName("shop", "web", "v1-abc", "op-1"),
    instanceName("shop2", "api", "v1-abc", "op-1"),
    taskName("shop", "api", "op-1"),
  ];
  expect(new Set([name, ...others]).size).toBe(6);
});

test("names are host names, however long and odd project and service are", () => {
  const [project, service] = ["My_Project.".repeat(9), "Api__Server.".repeat(9)];
  const all = [
    instanceName(project, service, "v1", "op"),
    copyName(instanceName(project, service, "v1", "op"), 12),
    taskName(project, service, "op"),
  ];
  for (const name of all) expect(name).toMatch(/^[a-z0-9](-?[a-z0-9]){0,62}$/);
});

test("an image's name is what docker allows", () => {
  expect(imageTag("my_shop", "Api", "v1.2-3fa8c1d0")).toBe("lastgood/my-shop-api:v1.2-3fa8c1d0");
  expect(isTag("v1.2_3-rc")).toBe(true);
  for (const bad of ["", "-v1", ".v1", "a/b", "v1:2", "v 1", "v".repeat(73)]) expect(isTag(bad)).toBe(false);
});
