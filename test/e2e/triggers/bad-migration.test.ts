// A bad migration again and again, on both example stacks, with few users: `npm run long` runs this.
// LASTGOOD_ROUNDS: how often on each stack (5).
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StackName } from "../../../src/demo/stack/stack.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { badMigrationGoesBack, type Round } from "./bad-migration.ts";
import { calm, layTriggers, type TriggerBed } from "./bed.ts";

const rounds = Number(process.env["LASTGOOD_ROUNDS"] ?? 5);
const limitMs = 300_000 + rounds * 300_000;
/** Few enough for the verdict to take its time: more is written on the newer schema. */
const perSecond = 8;
/** What an edge lets requests wait, by default. */
const holdMs = 10_000;

type Shape = {
  readonly kind: StackName;
  readonly services: readonly string[];
  readonly payments: string;
  readonly migrations: string;
};

const shapes: readonly Shape[] = [
  {
    kind: "hibachi",
    services: ["production-api"],
    payments: "/payments",
    migrations: "{ tool: sql, folder: api/db/migrations, table: _prisma_migrations }",
  },
  {
    kind: "hummii",
    services: ["api", "worker"],
    payments: "/api/payments",
    migrations: "{ tool: prisma, folder: api/prisma/migrations }",
  },
];

const withParts = await describeWith("docker", "nginx", "postgres");

for (const { kind, services, payments, migrations } of shapes)
  withParts(`${kind}: a bad migration, ${rounds} times`, () => {
    const { later, end } = laterOn();
    let bed: TriggerBed;

    beforeAll(async () => {
      const options = {
        watch: `{ for: 10m, check: 500ms, payments: [${payments}] }`,
        more: async () => `    policy: { limits: { acts: 100 } }
    migrations: ${migrations}
    signals: { every: 1s, limits: { ${calm} } }
`,
      };
      bed = await layTriggers(kind, options, later);
      // What the team brought up is taken over before anybody looks.
      await bed.out("v1");
      const back = await bed.rollback();
      expect(back.exit, back.out + back.err).toBe(0);
    }, limitMs);
    afterAll(end, limitMs);

    test(
      "each time both are back by themselves, and 0 acknowledged writes are lost",
      async () => {
        const done: Round[] = [];
        while (done.length < rounds) {
          const round = await badMigrationGoesBack(bed, { perSecond, services, untilJudged: true });
          console.log(`${kind}, round ${done.length + 1}: ${JSON.stringify(round)}`);
          expect(round.heldMs).toBeLessThan(holdMs);
          done.push(round);
        }
      },
      limitMs,
    );
  });
