// What the driver of migrations is given.
import type { Tool } from "../../core/migrations/status.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Files } from "../../ports/files.ts";
import type { SqlClient } from "../../ports/sql.ts";
import type { WithCopy } from "../database/postgres/copy.ts";

export type MigrationsConfig = {
  readonly tool: Tool;
  /** Absolute path of the folder with the migrations that the release ships. */
  readonly folder: string;
  /** The tool's table, where it is not the tool's own default. */
  readonly table: string | null;
  /** Absolute path of a folder of ours for ways down: they outlive the code that they came with. */
  readonly kept: string;
};

export type MigrationsDeps = {
  readonly sql: SqlClient;
  readonly files: Files;
  readonly clock: Clock;
  /** Beside the live database, to try ways down on. */
  readonly copy: WithCopy;
};
