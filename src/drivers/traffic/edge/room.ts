// The waiting room of an environment's edges: a network that leads nowhere.
import { ok, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Op } from "../../../ports/op.ts";
import type { Docker } from "../../docker/cli.ts";
import { labels } from "../../docker/names.ts";
import { type EdgeConfig, waitingRoom } from "./config.ts";
import { act } from "./docker.ts";

const startTries = 5;
const startPauseMs = 200;

/** What the engine says at a start when the room has been doubled, or closed, since the edge was made. */
const roomIsAmiss = /network \S+ is ambiguous|network \S+ not found|no such network/i;

/**
 * Docker publishes ports when a container joins a network that leads somewhere, so an edge that waits in here runs
 * already, and takes a port over within the time of one call (0.2 s) once it is free.
 *
 * Engines up to 28 make two networks of one name where two ask at the same moment, and then start nothing in either. All
 * who ask agree on the oldest: who made it may have seen it alone.
 */
export async function ensureWaitingRoom(docker: Docker, config: EdgeConfig): Promise<Result<void>> {
  const there = await roomsOf(docker, config);
  if (!there.ok) return there;
  if (there.value.length === 0) {
    const made = await make(docker, config);
    if (!made.ok && !/already exists/.test(made.error.what)) return made;
  } else if (there.value.length === 1) return ok(undefined);
  const now = await roomsOf(docker, config);
  if (!now.ok) return now;
  for (const { id } of now.value.slice(1)) {
    const removed = await act(docker, ["network", "rm", id]);
    if (!removed.ok && removed.error.code !== "missing") return removed;
  }
  return ok(undefined);
}

/** No error where it runs already. */
export async function startInRoom(
  docker: Docker,
  clock: Clock,
  config: EdgeConfig,
  name: string,
): Promise<Result<void>> {
  for (let left = startTries; ; left--) {
    const started = await act(docker, ["start", name]);
    if (started.ok) return ok(undefined);
    if (left === 1 || !roomIsAmiss.test(started.error.what)) return started;
    const room = await ensureWaitingRoom(docker, config);
    if (!room.ok) return room;
    await clock.sleep(startPauseMs);
  }
}

/** The last one that leaves closes it. */
export async function closeWaitingRoom(docker: Docker, config: EdgeConfig, op: Op): Promise<Result<void>> {
  const closed = await act(docker, ["network", "rm", waitingRoom(config)], op.id);
  const stays = !closed.ok && /active endpoints/.test(closed.error.what);
  return closed.ok || stays || closed.error.code === "missing" ? ok(undefined) : closed;
}

type Room = { readonly id: string; readonly made: string };

/** The oldest first. */
async function roomsOf(docker: Docker, config: EdgeConfig): Promise<Result<readonly Room[]>> {
  const listed = await docker.output({
    args: [
      ...["network", "ls", "--no-trunc", "--filter", `name=^${waitingRoom(config)}$`],
      ...["--format", "{{.ID}}\t{{.CreatedAt}}"],
    ],
    effect: "read",
  });
  if (!listed.ok) return listed;
  const rooms = listed.value
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): Room => {
      const [id = "", made = ""] = line.split("\t");
      return { id, made };
    });
  const key = ({ made, id }: Room) => `${made} ${id}`;
  return ok(rooms.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)));
}

function make(docker: Docker, config: EdgeConfig): Promise<Result<string>> {
  const own = [`${labels.kind}=waiting-room`, `${labels.app}=${config.app}`, `${labels.env}=${config.env}`];
  const marks = own.flatMap((label) => ["--label", label]);
  return act(docker, ["network", "create", "--internal", ...marks, waitingRoom(config)]);
}
