// A controller's process that does one salvage and can be killed at any moment of it.

import { pickAll } from "../../../../src/core/salvage/verdict.ts";
import { secret } from "../../../../src/core/secret.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { postgresSalvage } from "../../../../src/drivers/database/postgres/salvage/salvage.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { digestTree } from "../../../../src/os/digest.ts";
import { localHost } from "../../../../src/os/exec.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { fileSwap } from "../../../../src/os/open-files.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { unpack } from "../../../../src/os/unpack.ts";
import type { SqlClient, SqlSession } from "../../../../src/ports/sql.ts";

const [url, backupDir, op, kept, from] = process.argv.slice(2) as [string, string, string, string, string];
const clock = systemClock();
let statements = 0;

/** Says each statement before it is sent, so that a test can end us, or the server, between any two of them. */
function told(client: SqlClient): SqlClient {
  const wrap = (session: SqlSession): SqlSession => ({
    ...session,
    query: async (text, params) => {
      await new Promise<void>((resolve) => process.send?.({ at: ++statements }, () => resolve()));
      return session.query(text, params);
    },
  });
  return {
    connect: async (database) => {
      const opened = await client.connect(database);
      return opened.ok ? { ok: true, value: wrap(opened.value) } : opened;
    },
  };
}

const opened = openContext(
  { url: secret(url), adminUrl: null, container: null, backupDir, keep: 5 },
  {
    sql: (to, at) => told(openSql(to, at)),
    host: localHost({ PATH: process.env["PATH"] ?? "" }, clock),
    docker: null,
    files: localFiles(),
    swap: fileSwap(),
    digest: digestTree,
    clock,
    unpack,
  },
);
if (!opened.ok) throw new Error(opened.error.what);
const done = await postgresSalvage(opened.value).replay(
  { id: op, epoch: 1, signal: new AbortController().signal },
  { id: kept, from },
  pickAll,
);
process.send?.({ done: done.ok ? "ok" : `${done.error.code}: ${done.error.what}`, at: statements });
process.disconnect();
