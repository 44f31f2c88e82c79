// What use cases about migrations are given for one environment.
import type { Migrations } from "../ports/migrations.ts";

export type MigrationDesk = {
  readonly driver: Migrations;
  /** For tools that go down by themselves, in the image of the release that serves; null where nobody said how. */
  readonly command: {
    readonly service: string;
    /** `{name}` stands for the migration. */
    readonly argv: readonly [string, ...string[]];
    readonly timeoutMs: number;
  } | null;
};
