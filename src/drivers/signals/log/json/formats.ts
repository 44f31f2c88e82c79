// Where the wanted things stand in lines of JSON, for the writers that we know.

/** Where each thing stands, as keys joined by dots; of a list the first element is taken. */
export type JsonFormat = {
  readonly time: string;
  readonly status: string;
  readonly target: string;
  readonly remote: string;
  readonly agent: string;
  readonly duration: string;
  /** One unit of `duration`, in milliseconds. */
  readonly durationUnitMs: number;
  readonly upstream: string | null;
  readonly release: string | null;
  readonly client: string | null;
};

export const caddyJson: JsonFormat = {
  time: "ts",
  status: "status",
  target: "request.uri",
  remote: "request.remote_ip",
  agent: "request.headers.User-Agent",
  duration: "duration",
  durationUnitMs: 1_000,
  // Where the Caddyfile has `log_append upstream {http.reverse_proxy.upstream.hostport}`.
  upstream: "upstream",
  release: "resp_headers.X-Lastgood-Release",
  client: null,
};

export const traefikJson: JsonFormat = {
  time: "StartUTC",
  status: "DownstreamStatus",
  target: "RequestPath",
  remote: "ClientHost",
  agent: "request_User-Agent",
  duration: "Duration",
  durationUnitMs: 1e-6,
  upstream: "ServiceAddr",
  release: "downstream_X-Lastgood-Release",
  client: null,
};
