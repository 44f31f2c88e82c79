// The versions of the stacks: those of the shop, and more that only show in containers or with migrations.
import { versionMaker } from "./places.ts";

export type StackVersion = {
  readonly does: string;
  readonly faults: Readonly<Record<string, unknown>>;
  /** One more migration than the first version has. */
  readonly migration?: { readonly name: string; readonly sql: string };
};

const inStacks: Readonly<Record<string, StackVersion>> = {
  v10: { does: "listens on the wrong port", faults: { wrongPort: true } },
  v11: { does: "ends at boot where NEW_REQUIRED_VAR is not set", faults: { needsEnv: "NEW_REQUIRED_VAR" } },
  v12: {
    does: "has a migration that fails",
    faults: {},
    migration: { name: "20250108000000_broken", sql: "ALTER TABLE order_lines ADD COLUMN note text;\n" },
  },
  v13: {
    does: "works, and adds a column",
    faults: {},
    migration: { name: "20250109000000_notes", sql: "ALTER TABLE orders ADD COLUMN note text;\n" },
  },
  v14: {
    does: "fails every order while FEATURE_NEW_BOOKING_FLOW is on",
    faults: { failOrdersWhile: "FEATURE_NEW_BOOKING_FLOW" },
  },
  v15: { does: "fails 2 % of all requests", faults: { failShare: 0.02 } },
  v16: {
    does: "asks the database for three seconds wherever somebody reads the ledger",
    faults: { slowQueries: { route: "GET /orders", seconds: 3 } },
  },
  v17: {
    does: "takes 700 ms more for every answer",
    faults: { slower: { factor: 1, plusMs: 700 } },
  },
  v18: {
    does: "has a migration that neither its own code nor any other works with: payments fail, orders go on",
    faults: {},
    migration: {
      name: "20250110000000_amount",
      sql: "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE payments RENAME COLUMN cents TO amount;\n",
    },
  },
};

/** v1 to v9 are those of the shop (v1 and v7 are good, v2 fails 5 % of all requests, v3 crashes at boot, …). */
export async function stackVersions(): Promise<Readonly<Record<string, StackVersion>>> {
  const { VERSIONS } = (await import(versionMaker)) as {
    readonly VERSIONS: Readonly<Record<string, StackVersion>>;
  };
  return { ...VERSIONS, ...inStacks };
}

/** @throws where there is no such version */
export async function stackVersion(name: string): Promise<StackVersion> {
  const all = await stackVersions();
  const found = all[name];
  if (found === undefined) throw new Error(`no version ${name}; there are ${Object.keys(all).join(", ")}`);
  return found;
}
