import process from "node:process";
import { defineConfig } from "vitest/config";

/** They want a machine of their own for minutes: `npm run long` runs these, and everything else leaves them out. */
const long = [
  "test/drivers/rollout/swarm.test.ts",
  "test/e2e/stacks/kill.test.ts",
  "test/e2e/stacks/to-and-fro.test.ts",
  "test/demo/stack-demo.test.ts",
  "test/drivers/database/postgres/kill.test.ts",
  "test/drivers/database/postgres/copies-cli.test.ts",
  "test/drivers/database/redis/kill.test.ts",
  "test/e2e/triggers/bad-migration.test.ts",
  "test/e2e/triggers/migration-kill.test.ts",
  // Install programs, and fetch whole servers, once.
  "test/drivers/migrations/real/*.test.ts",
  "test/drivers/database/postgres/versions.test.ts",
  // 9,000 start points of a real log, which lies beside the repository and not in it.
  "test/bench/detection/real-logs.test.ts",
];
const isLong = process.env["LASTGOOD_LONG"] === "1";

/** Tests of real parts, some of them starved by others on the same machine: once more, and only then failed. */
const real = ["test/drivers/**", "test/e2e/**", "test/parts/**", "test/demo/**", "test/os/**"];
const all = ["test/**/*.test.ts"];
const common = { testTimeout: 30_000, hookTimeout: 30_000 };

export default defineConfig({
  test: {
    fileParallelism: true,
    maxWorkers: 2,
    projects: isLong
      ? [{ test: { ...common, name: "long", include: long } }]
      : [
          { test: { ...common, name: "pure", include: all, exclude: [...long, ...real] } },
          {
            test: {
              ...common,
              name: "real",
              include: real.map((folder) => `${folder}/*.test.ts`),
              exclude: long,
              retry: 1,
            },
          },
        ],
  },
});
