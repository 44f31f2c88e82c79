// `smoke:` requests that a release must answer before it gets traffic.
import { z } from "zod";
import { count, urlPath } from "../values.ts";

const okStatus = 200;

export const smoke = z.strictObject({
  get: urlPath("/health").meta({ description: "Path to ask with GET." }),
  expect: count(100, 599).prefault(okStatus).meta({ description: "The status that must come back." }),
});
