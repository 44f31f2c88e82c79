// What the driver is given outside of tests too: the real server, files, programs and clock.
import type { PostgresDeps } from "../../../../src/drivers/database/postgres/context.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { digestTree } from "../../../../src/os/digest.ts";
import { localHost } from "../../../../src/os/exec.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { fileSwap } from "../../../../src/os/open-files.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { unpack } from "../../../../src/os/unpack.ts";

export function realDeps(): PostgresDeps {
  const clock = systemClock();
  return {
    sql: openSql,
    host: localHost({ PATH: process.env["PATH"] ?? "" }, clock),
    docker: null,
    files: localFiles(),
    swap: fileSwap(),
    digest: digestTree,
    unpack,
    clock,
  };
}
