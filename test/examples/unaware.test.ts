// The two stacks are as their teams have them: nothing in them knows of Lastgood.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const examples = join(import.meta.dirname, "../../examples");

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

test.each(["hummii", "hibachi"])("%s has no word of Lastgood but in its README", (kind) => {
  const files = filesIn(join(examples, kind)).filter((file) => !file.endsWith("README.md"));
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => /lastgood/i.test(readFileSync(file, "utf8")))).toEqual([]);
});
