// What we read of the Engine API's answers, and the parts of a service spec that we change.
import { z } from "zod";

const labelMap = z.record(z.string(), z.string());

export const containerSpec = z.looseObject({
  Image: z.string(),
  Labels: labelMap.nullish(),
  Env: z.array(z.string()).nullish(),
  Healthcheck: z.looseObject({ Test: z.array(z.string()).nullish() }).nullish(),
  StopGracePeriod: z.number().nullish(),
  Secrets: z.array(z.looseObject({ SecretName: z.string() })).nullish(),
  Configs: z.array(z.looseObject({ ConfigName: z.string() })).nullish(),
});

const updateConfig = z.looseObject({ Monitor: z.number().nullish(), FailureAction: z.string().nullish() });

export const serviceSpec = z.looseObject({
  Name: z.string(),
  Labels: labelMap.nullish(),
  TaskTemplate: z.looseObject({ ContainerSpec: containerSpec }),
  Mode: z.looseObject({
    Replicated: z.looseObject({ Replicas: z.number().nullish() }).nullish(),
    Global: z.looseObject({}).nullish(),
  }),
  UpdateConfig: updateConfig.nullish(),
  RollbackConfig: updateConfig.nullish(),
});
export type SwarmSpec = z.infer<typeof serviceSpec>;

export const service = z.looseObject({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  UpdatedAt: z.string(),
  Spec: serviceSpec,
  PreviousSpec: z.looseObject({ Labels: labelMap.nullish() }).nullish(),
  UpdateStatus: z.looseObject({ State: z.string().nullish(), Message: z.string().nullish() }).nullish(),
});
export type SwarmState = z.infer<typeof service>;
export const services = z.array(service);

export const task = z.looseObject({
  ID: z.string(),
  Slot: z.number().nullish(),
  NodeID: z.string().nullish(),
  DesiredState: z.string(),
  Spec: z.looseObject({ ContainerSpec: z.looseObject({ Image: z.string(), Labels: labelMap.nullish() }) }),
  Status: z.looseObject({
    Timestamp: z.string(),
    State: z.string(),
    Err: z.string().nullish(),
    Message: z.string().nullish(),
    PortStatus: z
      .looseObject({
        Ports: z
          .array(
            z.looseObject({
              Protocol: z.string().nullish(),
              PublishedPort: z.number().nullish(),
              PublishMode: z.string().nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
  }),
});
export type SwarmTask = z.infer<typeof task>;
export const tasks = z.array(task);

export const node = z.looseObject({
  ID: z.string(),
  Description: z.looseObject({ Hostname: z.string().nullish() }).nullish(),
  Status: z.looseObject({ State: z.string(), Addr: z.string().nullish() }),
});
export type SwarmNode = z.infer<typeof node>;
export const nodes = z.array(node);

export const image = z.looseObject({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  Size: z.number(),
});

export const things = z.array(z.looseObject({ ID: z.string(), Spec: z.looseObject({ Name: z.string() }) }));
export const networks = z.array(z.looseObject({ Id: z.string(), Name: z.string() }));

/** The value of a `filters` query. */
export function filters(wanted: Readonly<Record<string, readonly string[]>>): { readonly filters: string } {
  return { filters: JSON.stringify(wanted) };
}
