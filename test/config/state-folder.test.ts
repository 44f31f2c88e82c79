import { expect, test } from "vitest";
import { stateFolder } from "../../src/config/state-folder.ts";

test.each([
  ["app: shop\n", "/srv/shop/.lastgood"],
  ["app: shop\nstate: ../state\n", "/srv/state"],
  ["app: shop\nstate: /var/lib/lastgood   # here\nenvironments: {}\n", "/var/lib/lastgood"],
  ["state: 'a folder'\n", "/srv/shop/a folder"],
  ['state: "a folder" # with a space\n', "/srv/shop/a folder"],
  ["state: a folder\n", "/srv/shop/a folder"],
  ["# state: /old\napp: shop\n", "/srv/shop/.lastgood"],
  ["%YAML 1.2\n---\nstate: /x\n", "/x"],
  ["environments:\n  production:\n    state: /inner\n", "/srv/shop/.lastgood"],
])("%j: %s", (text, folder) => {
  expect(stateFolder(text, "/srv/shop")).toBe(folder);
});

test.each([
  ["{ app: shop, state: /x }\n"],
  ["state:\n  /x\n"],
  ["state: &here /x\n"],
  ["state: |\n  /x\n"],
  ['"state": /x\n'],
  ['state: "a\\tb"\n'],
])("%j is for the reader of the whole", (text) => {
  expect(stateFolder(text, "/srv/shop")).toBeNull();
});
