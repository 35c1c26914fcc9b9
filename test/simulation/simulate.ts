/** Runs one scenario in a world of its own, with every checker watching, until it is at rest or a promise is broken. */
import { attempts } from "./checkers/attempts.ts";
import { caps } from "./checkers/caps.ts";
import type { Checker } from "./checkers/checker.ts";
import { runToRest } from "./checkers/convergence.ts";
import { deleted } from "./checkers/deleted.ts";
import { finalizing } from "./checkers/finalizing.ts";
import { history } from "./checkers/history.ts";
import { outbox } from "./checkers/outbox.ts";
import { parts } from "./checkers/parts.ts";
import { room } from "./checkers/room.ts";
import { status } from "./checkers/status.ts";
import { writers } from "./checkers/writers.ts";
import { writes } from "./checkers/writes.ts";
import { narrate } from "./narrate.ts";
import type { Scenario } from "./scenario.ts";
import { World } from "./world.ts";

const CHECKERS: readonly Checker[] = [
  attempts,
  caps,
  deleted,
  finalizing,
  history,
  outbox,
  parts,
  room,
  status,
  writers,
  writes,
];

export interface Verdict {
  /** The first broken promise; null when all were kept. */
  readonly broken: { readonly promise: string; readonly what: string; readonly atMs: number } | null;
  /** Simulated time. */
  readonly endedAtMs: number;
  /** Writes in all: two runs of one seed agree on it, or chance has leaked in. */
  readonly revision: number;
}

export async function simulate(
  scenario: Scenario,
  trace?: (atMs: number, line: string) => void,
): Promise<Verdict> {
  let broken: Verdict["broken"] = null;
  const fail = (promise: string, what: string) => {
    broken ??= { promise, what, atMs: world.time.nowMs };
    world.dispose(); // who turns in circles and waits for nothing lets nobody else come to a turn
  };
  const world: World = new World(scenario, trace);
  if (trace) narrate(world, (line) => trace(world.time.nowMs, line));
  for (const checker of CHECKERS) checker(world, fail);
  try {
    await runToRest(world, { fail, over: () => broken !== null });
  } catch (error) {
    fail("the model itself does not fail", error instanceof Error ? (error.stack ?? "") : String(error));
  }
  for (const replica of world.replicas) replica.die("at the end");
  world.dispose();
  return { broken, endedAtMs: world.time.nowMs, revision: world.server.revision };
}
