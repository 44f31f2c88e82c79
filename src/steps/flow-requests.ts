// One flow against one address: request after request, with its own cookies and variables. Nothing secret gets out.
import { type Jar, received, sentTo } from "../core/flows/cookies.ts";
import { fill, fillAll, fillJson, type Variables } from "../core/flows/fill.ts";
import type { Flow, FlowMark, FlowStep } from "../core/flows/flow.ts";
import { type Answer, captured, fault, keysOf } from "../core/flows/judge.ts";
import { veil } from "../core/flows/veil.ts";
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { HttpRequest } from "../ports/http-client.ts";
import type { Op } from "../ports/op.ts";
import type { World } from "../ports/world.ts";

export type Place = { readonly url: string; readonly host: string | null };

type Going = {
  readonly world: World;
  readonly op: Op;
  readonly flow: Flow;
  readonly place: Place;
  /** Values that must not be shown. */
  readonly hidden: string[];
  readonly endsAt: number;
};

const shownCharacters = 200;

/** The marks of all its requests; the problem of the first that is not as expected. */
export async function runRequests(
  { world, op }: Pick<Going, "world" | "op">,
  flow: Flow,
  place: Place,
  given: { readonly variables: Variables; readonly secrets: Variables },
): Promise<Result<readonly FlowMark[]>> {
  const endsAt = world.clock.elapsed() + flow.timeoutMs;
  const going: Going = { world, op, flow, place, hidden: Object.values(given.secrets), endsAt };
  let variables: Variables = { ...given.variables, ...given.secrets };
  let jar: Jar = [];
  const marks: FlowMark[] = [];
  for (const step of flow.steps) {
    const asked = await ask(going, step, variables, jar);
    if (!asked.ok) return err(hide(going, step, asked.error));
    const answer = asked.value;
    jar = received(jar, answer.headers["set-cookie"], world.clock.now());
    const judged = judge(going, step, answer, variables);
    if (!judged.ok) return err(hide(going, step, judged.error));
    variables = judged.value;
    const { status, ms, body } = answer;
    const bytes = body.length;
    marks.push({ flow: flow.name, step: step.name, status, ms: Math.round(ms), bytes, keys: keysOf(body) });
  }
  return ok(marks);
}

async function ask(
  { world, op, place, endsAt, flow }: Going,
  step: FlowStep,
  variables: Variables,
  jar: Jar,
): Promise<Result<Answer>> {
  const request = requestOf(step, variables, jar, place);
  if (!request.ok) return request;
  const left = endsAt - world.clock.elapsed();
  if (left <= 0)
    return problem("timeout", `the flow took more than ${flow.timeoutMs} ms`, "Give it a longer timeout.");
  const began = world.clock.elapsed();
  const answer = await world.http.request({ ...request.value, timeoutMs: left, signal: op.signal });
  return answer.ok ? ok({ ...answer.value, ms: world.clock.elapsed() - began }) : answer;
}

type Request = Pick<HttpRequest, "method" | "url" | "headers" | "body">;

function requestOf(step: FlowStep, variables: Variables, jar: Jar, place: Place): Result<Request> {
  // A captured address may be whole: then only what follows the host counts, so that a flow never leaves its app.
  const whole = /^\{\w+\}/.test(step.path);
  const path = fill(step.path, variables, whole ? undefined : encodeURIComponent);
  if (!path.ok) return path;
  if (!URL.canParse(path.value, place.url))
    return problem("config", `${step.path} became no address`, "Look at what was captured.");
  const { pathname, search } = new URL(path.value, place.url);
  const headers = fillAll(step.headers, variables);
  if (!headers.ok) return headers;
  const body = bodyOf(step, variables);
  if (!body.ok) return body;
  const cookie = sentTo(jar, pathname);
  const all: Record<string, string> = {
    "user-agent": "lastgood-smoke",
    ...(place.host === null ? {} : { host: place.host }),
    ...(cookie === null ? {} : { cookie }),
    ...(body.value ? { "content-type": body.value.type } : {}),
    ...headers.value,
  };
  const url = new URL(pathname + search, place.url).href;
  return ok({ method: step.method, url, headers: all, ...(body.value ? { body: body.value.text } : {}) });
}

function bodyOf({ body }: FlowStep, variables: Variables): Result<{ type: string; text: string } | null> {
  if (body === null) return ok(null);
  if ("json" in body) {
    const json = fillJson(body.json, variables);
    return json.ok ? ok({ type: "application/json", text: JSON.stringify(json.value) }) : json;
  }
  const form = fillAll(body.form, variables);
  if (!form.ok) return form;
  return ok({ type: "application/x-www-form-urlencoded", text: new URLSearchParams(form.value).toString() });
}

/** The variables with what was captured; what was captured may be a session, and is hidden like a secret. */
function judge(going: Going, step: FlowStep, answer: Answer, variables: Variables): Result<Variables> {
  const expect = fillJson(step.expect.json, variables);
  if (!expect.ok) return expect;
  const contains = fillJson(step.expect.contains, variables);
  if (!contains.ok) return contains;
  const wanted = { ...step.expect, json: expect.value, contains: contains.value } as FlowStep["expect"];
  const wrong = fault({ ...step, expect: wanted }, answer);
  if (wrong !== null) {
    const body = answer.status >= 400 ? `: ${answer.body.slice(0, shownCharacters)}` : "";
    return problem("unhealthy", `${wrong}${body}`, "Mend the release, or the flow in lastgood.yml.");
  }
  const all: Record<string, string> = { ...variables };
  for (const [name, how] of Object.entries(step.capture)) {
    const got = captured(how, answer);
    if ("why" in got)
      return problem("unhealthy", `${name} cannot be captured: ${got.why}`, "Mend the release, or the flow.");
    all[name] = got.value;
    going.hidden.push(got.value);
  }
  return ok(all);
}

/** A captured number such as `1` would blot out half a sentence. */
const shortest = 4;

function hide({ flow, hidden }: Going, step: FlowStep, told: Problem): Problem {
  const secrets = hidden.filter((value, at) => at < flow.secrets.length || value.length >= shortest);
  const what = `flow ${flow.name}, ${step.name}: ${told.what}`;
  return { ...told, what: veil(what, secrets) };
}
