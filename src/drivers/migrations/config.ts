// What the driver of migrations is given.
import type { Tool } from "../../core/migrations/status.ts";
import type { Files } from "../../ports/files.ts";
import type { SqlClient } from "../../ports/sql.ts";

export type MigrationsConfig = {
  readonly tool: Tool;
  /** Absolute path of the folder with the migrations that the release ships. */
  readonly folder: string;
  /** The tool's table, where it is not the tool's own default. */
  readonly table: string | null;
};

export type MigrationsDeps = { readonly sql: SqlClient; readonly files: Files };
