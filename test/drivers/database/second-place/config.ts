// How the stores of these tests are reached; no test framework, because children use it too.
import { secret } from "../../../../src/core/secret.ts";
import type { S3Config } from "../../../../src/drivers/database/second-place/s3/config.ts";
import { s3Shelf } from "../../../../src/drivers/database/second-place/s3/shelf.ts";
import type { Shelf } from "../../../../src/drivers/database/second-place/shelf.ts";
import { byteHttp } from "../../../../src/os/byte-http.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import type { Clock } from "../../../../src/ports/clock.ts";

export const keyId = "lastgood-test";
export const secretText = "a secret of the tests / with + signs";

/** No pause is waited for: what is tested is what is tried again, not for how long. */
export const quickClock: Clock = { ...systemClock(), sleep: async () => undefined };

export function configFor(endpoint: string, change: Partial<S3Config> = {}): S3Config {
  return {
    ...{ endpoint, region: "us-east-1", bucket: "shop", prefix: "eu/production", style: "path", keyId },
    ...{ secret: secret(secretText), encryption: null, storageClass: null, ca: null },
    ...change,
  } as S3Config;
}

export function shelfIn(config: S3Config, clock: Clock = quickClock): Shelf {
  return s3Shelf(config, { http: byteHttp(), clock });
}
