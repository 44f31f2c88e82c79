// What needs no server: names of points, places in the WAL, settings, and how the copy of a server is started.
import { expect, test } from "vitest";
import { pointName } from "../../../../src/drivers/database/pgbackrest/mark.ts";
import { isBefore } from "../../../../src/drivers/database/pgbackrest/points.ts";
import { serverSettings } from "../../../../src/drivers/database/pgbackrest/scratch-settings.ts";
import { sectionsIn } from "../../../../src/drivers/database/pgbackrest/settings-file.ts";

test("a point is called as the backup of its op, and never longer than the server takes", () => {
  expect(pointName("before-v2", "op-1")).toBe("before-v2-op-1");
  const long = pointName("before-".padEnd(200, "x"), "a".repeat(26));
  expect(long).toHaveLength(63);
  expect(long.endsWith(`-${"a".repeat(26)}`)).toBe(true);
  const ops = ["b".repeat(80), `${"b".repeat(79)}c`].map((op) => pointName("v", op));
  expect(new Set(ops).size).toBe(2);
  expect(pointName("feature/ü", "op")).toBe("feature__-op");
});

test("places in the WAL are compared as numbers, not as texts", () => {
  expect(isBefore("0/FFFFFF", "0/2000028")).toBe(true);
  expect(isBefore("9/0", "10/0")).toBe(true);
  expect(isBefore("0/2000028", "0/2000028")).toBe(false);
});

test("settings are read by section, with spaces and comments", () => {
  const text =
    "# ours\n[global]\nrepo1-path = /backup\n\n[shop]\n pg1-path=/data \n#pg1-port=1\n[other]\npg1-path=/x";
  expect(sectionsIn(text)).toEqual({
    global: { "repo1-path": "/backup" },
    shop: { "pg1-path": "/data" },
    other: { "pg1-path": "/x" },
  });
});

test("the copy of a server archives nothing, listens nowhere, and is as large as a standby must be", () => {
  const told = "max_connections setting:              300\nmax_prepared_xacts setting:           5\n";
  const { settings, access } = serverSettings({ path: "/s", run: "/s/run" }, told, 5432);
  expect(settings).toMatchObject({
    archive_mode: "off",
    archive_command: "",
    listen_addresses: "",
    unix_socket_directories: "/s/run",
    max_logical_replication_workers: "0",
    max_connections: "300",
    max_prepared_transactions: "5",
  });
  expect(settings).not.toHaveProperty("max_wal_senders");
  expect(access).toMatch(/^local /);
});
