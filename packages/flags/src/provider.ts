// An OpenFeature provider on top of the client. It fits the SDK by its shape, so that nothing has to be installed.
import type { FlagClient, FlagEvent } from "./client/client.ts";
import type { Context, Details, FlagValue } from "./client/types.ts";

type Handler = (details?: { readonly message?: string; readonly flagsChanged?: string[] }) => void;

/** Give it to `OpenFeature.setProviderAndWait(provider(client))`. Closing the SDK closes the client. */
export function provider(client: FlagClient) {
  const events = emitter();
  client.onEvent((event) => tell(events, event));
  const resolve = async <T extends FlagValue>(name: string, otherwise: T, context: object) => {
    const details = client.details(name, otherwise, context as Context) as Details<T>;
    return { ...details, flagMetadata: client.metadata(name) };
  };
  return {
    metadata: { name: "lastgood" },
    runsOn: "server" as const,
    events,
    async initialize(): Promise<void> {
      await client.ready();
    },
    onClose: () => client.close(),
    resolveBooleanEvaluation: (name: string, otherwise: boolean, context: object) =>
      resolve(name, otherwise, context),
    resolveStringEvaluation: (name: string, otherwise: string, context: object) =>
      resolve(name, otherwise as FlagValue, context) as Promise<never>,
    resolveNumberEvaluation: (name: string, otherwise: number, context: object) =>
      resolve(name, otherwise as FlagValue, context) as Promise<never>,
    resolveObjectEvaluation: (name: string, otherwise: unknown, context: object) =>
      resolve(name, otherwise as FlagValue, context) as Promise<never>,
  };
}

function tell(events: ReturnType<typeof emitter>, event: FlagEvent): void {
  if (event.type === "changed")
    events.emit("PROVIDER_CONFIGURATION_CHANGED", { flagsChanged: [...event.flags] });
  else if (event.type === "stale") events.emit("PROVIDER_STALE", { message: event.why });
  else if (event.type === "fresh") events.emit("PROVIDER_READY", {});
}

/** The events of the SDK, as much of them as it uses. */
function emitter() {
  const handlers = new Map<string, Set<Handler>>();
  const of = (type: string) => {
    const known = handlers.get(type) ?? new Set<Handler>();
    handlers.set(type, known);
    return known;
  };
  return {
    emit(type: string, details: Parameters<Handler>[0]): void {
      for (const handler of of(type)) {
        try {
          handler(details);
        } catch {
          // Of the app: not ours to stop for.
        }
      }
    },
    addHandler: (type: string, handler: Handler) => void of(type).add(handler),
    removeHandler: (type: string, handler: Handler) => void of(type).delete(handler),
    removeAllHandlers: (type?: string) =>
      type === undefined ? handlers.clear() : void handlers.delete(type),
    getHandlers: (type: string) => [...of(type)],
  };
}
