// What opening makes, and an open journal consists of.
import type { Clock } from "../ports/clock.ts";
import type { Connection } from "./connection.ts";
import type { Copy } from "./copy.ts";
import type { Guard } from "./guard.ts";
import type { JournalPaths } from "./paths.ts";
import type { Rows } from "./rows.ts";
import type { Writer } from "./transaction.ts";

export type Parts = {
  readonly connection: Connection;
  readonly paths: JournalPaths;
  readonly rows: Rows;
  readonly guard: Guard;
  readonly writer: Writer;
  readonly copy: Copy;
  readonly clock: Clock;
};
