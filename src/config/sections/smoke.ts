// `smoke:` requests that a release must answer before it gets traffic.
import { z } from "zod";
import { count, name, urlPath } from "../values.ts";

const okStatus = 200;

export const smoke = z.strictObject({
  service: name("api").optional().meta({
    description: "Which service to ask, where there are several. Left out: the first that gets traffic.",
  }),
  get: urlPath("/health").meta({ description: "Path to ask with GET." }),
  expect: count(100, 599).prefault(okStatus).meta({ description: "The status that must come back." }),
});
