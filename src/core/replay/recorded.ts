// A recorded log in memory: four numbers a request, so that an hour of a busy site fits.

/** What was asked, in the order of the log. Clients are numbers, from 0. */
export type Recorded = {
  count: number;
  /** Lines that could not be read. */
  unparsed: number;
  atMs: Float64Array;
  status: Uint16Array;
  client: Uint32Array;
  clients: number;
};

const firstRows = 1 << 14;

export function startRecord(): Recorded {
  return {
    count: 0,
    unparsed: 0,
    clients: 0,
    atMs: new Float64Array(firstRows),
    status: new Uint16Array(firstRows),
    client: new Uint32Array(firstRows),
  };
}

/** One more request. CHANGES `log`. */
export function record(log: Recorded, atMs: number, status: number, client: number): void {
  if (log.count === log.atMs.length) grow(log);
  log.atMs[log.count] = atMs;
  log.status[log.count] = status;
  log.client[log.count] = client;
  log.clients = Math.max(log.clients, client + 1);
  log.count += 1;
}

function grow(log: Recorded): void {
  const rows = 2 * log.atMs.length;
  const [atMs, status, client] = [new Float64Array(rows), new Uint16Array(rows), new Uint32Array(rows)];
  atMs.set(log.atMs);
  status.set(log.status);
  client.set(log.client);
  Object.assign(log, { atMs, status, client });
}

/** Index of the first request at or after a moment; logs are in order but for some milliseconds. */
export function firstAt(log: Recorded, atMs: number): number {
  for (let i = 0; i < log.count; i++) if ((log.atMs[i] ?? 0) >= atMs) return i;
  return log.count;
}
