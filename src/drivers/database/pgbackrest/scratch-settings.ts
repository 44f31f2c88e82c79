// How the copy of a server is started: for nobody but us, and so that it does nothing to the outside.
import type { ScratchFolder } from "./scratch-folder.ts";

/** A standby reads only where these are no smaller than they were; `pg_controldata` says how large. */
const sized: readonly (readonly [setting: string, told: string])[] = [
  ["max_connections", "max_connections"],
  ["max_worker_processes", "max_worker_processes"],
  ["max_wal_senders", "max_wal_senders"],
  ["max_prepared_transactions", "max_prepared_xacts"],
  ["max_locks_per_transaction", "max_locks_per_xact"],
];

/**
 * Given as arguments, which stand above `ALTER SYSTEM` of the live server. Beside archiving, what must not run twice is
 * off: subscriptions, libraries that work by the clock, whatever a session loads. It is thrown away, so it need not be safe.
 */
export function serverSettings(
  { path, run }: Pick<ScratchFolder, "path" | "run">,
  controlData: string,
  port: number,
): { readonly settings: Readonly<Record<string, string>>; readonly access: string } {
  const sizes = sized.flatMap(([setting, told]) => {
    const size = new RegExp(`^${told} setting:\\s+(\\d+)$`, "m").exec(controlData)?.[1];
    return size === undefined ? [] : [[setting, size]];
  });
  return {
    settings: {
      config_file: `${path}/postgresql.conf`,
      hba_file: `${path}/pg_hba.conf`,
      ident_file: `${path}/pg_ident.conf`,
      listen_addresses: "",
      port: String(port),
      unix_socket_directories: run,
      external_pid_file: "",
      archive_mode: "off",
      archive_command: "",
      archive_cleanup_command: "",
      recovery_end_command: "",
      hot_standby: "on",
      primary_conninfo: "",
      synchronous_standby_names: "",
      shared_buffers: "128MB",
      huge_pages: "off",
      max_logical_replication_workers: "0",
      shared_preload_libraries: "",
      session_preload_libraries: "",
      local_preload_libraries: "",
      autovacuum: "off",
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      logging_collector: "off",
      log_destination: "stderr",
      lc_messages: "C",
      ssl: "off",
      cluster_name: "lastgood scratch",
      ...Object.fromEntries(sizes),
    },
    access: "local all all trust\n",
  };
}
