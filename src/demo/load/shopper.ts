// One client of the shop: who it is, what it has, and what it asks for next.
import { Agent } from "node:http";
import { bounds } from "./bounds.ts";
import type { Dice } from "./dice.ts";
import { type Ask, type Outcome, send, type Target } from "./send.ts";
import type { Tally } from "./tally.ts";

export type Shopper = {
  readonly name: string;
  readonly headers: () => Readonly<Record<string, string>>;
  /** Start the next request of this client's own choice. */
  act(): void;
  /** Start a request that takes `bounds.slowMs`. */
  waitLong(): void;
  close(): void;
};

type State = {
  email: string | null;
  /** Raised with each new account, so that emails stay unique. */
  accounts: number;
  sid: string | null;
  /** A registration or login is on its way. */
  isEntering: boolean;
  orders: string[];
  unpaid: string[];
};

/** What a client does once it is logged in; weights in percent. */
const MIX = [
  { weight: 20, act: "page" },
  { weight: 20, act: "products" },
  { weight: 12, act: "look" },
  { weight: 3, act: "ledger" },
  { weight: 22, act: "order" },
  { weight: 16, act: "pay" },
  { weight: 2, act: "register" },
  { weight: 3, act: "login" },
  { weight: 2, act: "stream" },
] as const;
type Act = (typeof MIX)[number]["act"];
const WHEEL: readonly Act[] = MIX.flatMap(({ weight, act }) => Array<Act>(weight).fill(act));

const PASSWORD = "correct horse battery staple";

type Parts = {
  readonly url: URL;
  /** In front of all paths but that of the front page. */
  readonly base: string;
  readonly run: string;
  readonly number: number;
  readonly dice: Dice;
  readonly tally: Tally;
};

export function createShopper(parts: Parts): Shopper {
  const name = `c${parts.number}`;
  const agent = new Agent({
    keepAlive: true,
    maxFreeSockets: bounds.idleConnections,
    timeout: bounds.idleConnectionMs,
  });
  const target: Target = { host: parts.url.hostname, port: Number(parts.url.port || 80), agent };
  const state: State = { email: null, accounts: 0, sid: null, isEntering: false, orders: [], unpaid: [] };
  let orderCount = 0;
  const headers = () => ({
    "user-agent": `shopper/${parts.number}`,
    "x-account-id": name,
    ...(state.sid === null ? {} : { cookie: `sid=${state.sid}` }),
  });
  const ask = (what: Ask, then: (outcome: Outcome) => void = () => {}, isTimed = true) => {
    const finish = parts.tally.begin(`${what.method} ${what.path}`, isTimed);
    const path = what.path === "/" ? what.path : parts.base + what.path;
    void send(target, headers(), { ...what, path }).then((outcome) => {
      finish(outcome);
      noticeRefusal(state, outcome);
      then(outcome);
    });
  };
  const actions = createActions(state, parts, name, ask, () => `${parts.run}-${name}-${++orderCount}`);
  return {
    name,
    headers,
    act: () => actions[choose(state, parts)](),
    waitLong: () => ask({ method: "GET", path: `/slow?ms=${bounds.slowMs}` }, undefined, false),
    close: () => agent.destroy(),
  };
}

function choose(state: State, { dice, tally }: Parts): Act {
  if (state.isEntering) return "products";
  if (state.email === null) return "register";
  if (state.sid === null) return "login";
  const act = WHEEL[Math.floor(dice.next() * WHEEL.length)] ?? "page";
  if (act === "look" && state.orders.length === 0) return "products";
  if (act === "pay" && state.unpaid.length === 0) return "page";
  return act === "order" && tally.acknowledged().length >= bounds.acknowledgedKept ? "page" : act;
}

type AskFor = (what: Ask, then?: (outcome: Outcome) => void, isTimed?: boolean) => void;

function createActions(
  state: State,
  { run, dice, tally }: Parts,
  name: string,
  ask: AskFor,
  newOrderId: () => string,
): Record<Act, () => void> {
  return {
    ...entering(state, run, name, ask),
    page: () => ask({ method: "GET", path: "/" }),
    products: () => ask({ method: "GET", path: "/products" }),
    ledger: () => ask({ method: "GET", path: "/orders?after=0" }),
    stream: () => ask({ method: "GET", path: "/stream" }, undefined, false),
    look() {
      const at = Math.floor(dice.next() * state.orders.length);
      ask({ method: "GET", path: `/orders/${state.orders[at] ?? ""}` });
    },
    order() {
      const id = newOrderId();
      const body = { id, product: dice.pick([1, 2, 3, 4, 5]), quantity: dice.pick([1, 2, 3]) };
      ask({ method: "POST", path: "/orders", body }, (outcome) => {
        if (!isDone(outcome)) return;
        tally.acknowledge(id);
        remember(state.orders, id);
        remember(state.unpaid, id);
      });
    },
    pay: () => ask({ method: "POST", path: "/payments", body: { order: state.unpaid.shift() } }),
  };
}

function entering(
  state: State,
  run: string,
  name: string,
  ask: AskFor,
): Pick<Record<Act, () => void>, "register" | "login"> {
  return {
    register() {
      state.isEntering = true;
      state.accounts += 1;
      const email = `${run}-${name}-${state.accounts}@shop.test`;
      ask({ method: "POST", path: "/register", body: { email, password: PASSWORD, name } }, (outcome) => {
        state.isEntering = false;
        // A second account is only made, as people do; the client stays who it is.
        if (isDone(outcome)) state.email ??= email;
      });
    },
    login() {
      state.isEntering = true;
      ask({ method: "POST", path: "/login", body: { email: state.email, password: PASSWORD } }, (outcome) => {
        state.isEntering = false;
        if (isDone(outcome)) state.sid = outcome.head["set-cookie"]?.[0]?.match(/^sid=([^;]*)/)?.[1] ?? null;
        // An account that is unknown (a restored database): the next act makes a new one.
        else if (outcome.kind === "answered" && outcome.status === 401) state.email = null;
      });
    },
  };
}

function isDone(outcome: Outcome): outcome is Outcome & { kind: "answered" } {
  return outcome.kind === "answered" && outcome.status >= 200 && outcome.status < 300;
}

/** A session that the shop does not know any more: log in again with the next act. */
function noticeRefusal(state: State, outcome: Outcome): void {
  if (outcome.kind === "answered" && outcome.status === 401) state.sid = null;
}

function remember(list: string[], id: string): void {
  list.push(id);
  if (list.length > bounds.ordersRemembered) list.shift();
}
