// Traffic through the edge: Lastgood's own proxy in a container of the stack's networks, under the service's names.
import { ok, type Result } from "../../../core/result.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Op } from "../../../ports/op.ts";
import type { Backend, Traffic } from "../../../ports/traffic.ts";
import { proxyControl } from "../proxy/control.ts";
import { type EdgeConfig, edgePaths, nameOf } from "./config.ts";
import { edgeDifferences, prepareEdge, takePlace } from "./container.ts";
import { look } from "./docker.ts";
import { removeEdge, shutDownEdge } from "./end.ts";
import { foreignOf, wasJoined } from "./join.ts";
import type { EdgeDeps, EdgePlace } from "./place.ts";
import { edgePublicSide } from "./public.ts";

export type { EdgeConfig } from "./config.ts";

export type EdgeTraffic = Traffic & {
  /**
   * Make and start the edge where it is not, and wait until it answers; where it had its place in the networks, there
   * again. What runs is left as it is.
   */
  ensure(): Promise<Result<void>>;
  /**
   * Take its place: all names and ports of the service. A first switch does this by itself where no container of the
   * user's has them. `port-in-use` where somebody has.
   */
  join(): Promise<Result<void>>;
  /** In which points the running edge is another than this version and config would make; empty where in none. */
  differences(): Promise<Result<readonly string[]>>;
  /** End the edge: it finishes what is in flight. No error when there is none. `fenced` on a lower epoch. */
  shutDown(op: Op): Promise<Result<void>>;
  /** End it and remove its container, with its names and ports. Its route and access log stay on disk. */
  remove(op: Op): Promise<Result<void>>;
  /** Its address in a network now; `missing` where it has none. */
  address(network: string): Promise<Result<string>>;
};

export type EdgeTrafficDeps = EdgeDeps & { readonly http: HttpClient };

export function edgeTraffic(config: EdgeConfig, deps: EdgeTrafficDeps): EdgeTraffic {
  const paths = edgePaths(config);
  const publicSide = edgePublicSide(config, deps);
  let isJoined = false;

  async function joinWhereFree(place: EdgePlace): Promise<Result<void>> {
    const was = await wasJoined(place);
    if (!was.ok) return was;
    if (!was.value) {
      const others = await foreignOf(deps.docker, config.project, config.service);
      if (!others.ok || others.value.length > 0) return others.ok ? ok(undefined) : others; // adoption's to decide
      const joined = await takePlace(place);
      if (!joined.ok) return joined;
    }
    isJoined = true;
    return ok(undefined);
  }

  async function at<T>(work: (place: EdgePlace) => Promise<Result<T>>): Promise<Result<T>> {
    if (!paths.ok) return paths;
    return await work({
      config,
      deps,
      paths: paths.value,
      control: proxyControl(deps.http, paths.value.socket),
    });
  }

  return {
    now: () =>
      at(async ({ control }) => {
        const state = await control.state();
        if (state.ok || state.error.code !== "unreachable") return state;
        const there = await look(deps.docker, nameOf(config));
        return there.ok && there.value === null ? ok(nobody) : state;
      }),
    change: (op, expected, { backend, held }) =>
      at(async (place) => {
        const to = backend && byName(backend);
        const changed = await place.control.change(op, expected, { backend: to, held });
        if (!changed.ok || to === null || isJoined) return changed;
        const joined = await joinWhereFree(place);
        return joined.ok ? changed : joined;
      }),
    inFlight: (instance) => at(({ control }) => control.inFlight(instance)),
    whoAnswers: publicSide.whoAnswers,
    ensure: () =>
      at(async (place) => {
        const made = await prepareEdge(place);
        if (!made.ok) return made;
        const was = await wasJoined(place);
        return was.ok && was.value ? await takePlace(place) : was.ok ? ok(undefined) : was;
      }),
    join: () => at(takePlace),
    differences: () => at(edgeDifferences),
    shutDown: (op) => at((place) => shutDownEdge(place, op)),
    remove: (op) =>
      at((place) => {
        isJoined = false;
        return removeEdge(place, op);
      }),
    address: publicSide.address,
  };
}

/** Before it is made, and after it was removed, it sends nobody anywhere. */
const nobody = { generation: 0, op: null, backend: null, held: false, epoch: 0 } as const;

/**
 * An instance is a container, whose name is known in its networks: the edge asks Docker for the address at each
 * connection, so that a container which comes back with another address is found. Checks of ours use the address.
 */
function byName({ release, instance, url }: Backend): Backend {
  const { protocol, port } = new URL(url);
  return { release, instance, url: `${protocol}//${instance}${port === "" ? "" : `:${port}`}` };
}
