import process from "node:process";
import { defineConfig } from "vitest/config";

/** They want a machine of their own for minutes: `npm run long` runs these, and everything else leaves them out. */
const long = [
  "test/drivers/rollout/swarm.test.ts",
  "test/e2e/stacks/kill.test.ts",
  "test/demo/stack-demo.test.ts",
];
const isLong = process.env["LASTGOOD_LONG"] === "1";

export default defineConfig({
  test: {
    include: isLong ? long : ["test/**/*.test.ts"],
    exclude: isLong ? [] : long,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
});
