// A few kills, one in each thing that is done to a database; `kill.test.ts` has the whole round.
import { killing } from "./kill-suite.ts";

killing(10);
