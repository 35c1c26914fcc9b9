import { isTerminal } from "../../../crds/media-job-status.ts";
import { JOBS, MEDIA_JOBS, type StoredMediaJob } from "../../../operator/kube/api/resources.ts";
import { hasCondition } from "../model/server.ts";
import type { World } from "../world.ts";
import type { Fail } from "./checker.ts";

/**
 * In a calm world every attempt ends, and so does every MediaJob; the longest need is a dozen units one after another,
 * each of which waits three times for a quarter of an hour.
 */
const CALM_MS = 10 * 3600_000;

/** How long nothing may happen before a world counts as at rest: longer than any pause between tries. */
const REST_MS = 70_000;

/** How long it takes until a watch that fell silent is given up and read anew. */
const SILENT_MS = 200_000;

/** How long a new operator has to look at everything: an old Lease runs out in 15 s. */
const LOOK_MS = 30_000;

/**
 * Runs the world until its faults are over and beyond: then every MediaJob that was accepted and not deleted reaches a
 * terminal phase in bounded time, and from there on nothing is written any more - also not by an operator that has
 * just been started and looks at everything anew.
 */
export async function runToRest(
  world: World,
  { fail, over }: { fail: Fail; over: () => boolean },
): Promise<void> {
  const { server, scenario } = world;
  const { time } = world;
  await time.runUntil(scenario.calmFromMs, over);
  await runUntilAllEnded(world, { fail, over });
  // Time to live, deliveries and the watches' own repairs still bring writes; they must end, too. And somebody may
  // have what failed tried again.
  const writes = countWrites(world);
  await time.runUntil(time.nowMs + (scenario.faults.watchSilent ? SILENT_MS : REST_MS), over);
  for (let round = 0; !over() && round < 30; round++) {
    await runUntilAllEnded(world, { fail, over });
    if (!writes.take().length && !delivers(world)) break;
    await time.runUntil(time.nowMs + REST_MS, over);
  }
  if (over()) return;
  writes.take();
  world.restartAll();
  await time.runUntil(time.nowMs + LOOK_MS, over);
  if (over()) return;
  if (!world.replicas.some(({ leads }) => leads))
    fail("every MediaJob ends once faults do", "no operator leads 30 s after all were restarted");
  const written = writes.take();
  if (written.length)
    fail("status is a fixed point", `a new operator finds all at rest and writes ${written.join(", ")}`);
  const lost = server
    .list(JOBS)
    // One that is being deleted may wait for a node to answer.
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .filter((job) => !hasCondition(job, "Complete") && !hasCondition(job, "Failed"));
  if (lost.length)
    fail(
      "nothing is left behind",
      `live Jobs without a MediaJob that waits for them: ${lost.map(({ metadata }) => metadata.name)}`,
    );
}

async function runUntilAllEnded(
  world: World,
  { fail, over }: { fail: Fail; over: () => boolean },
): Promise<void> {
  const { time } = world;
  const deadlineMs = time.nowMs + CALM_MS;
  while (!over() && unfinished(world).length > 0 && time.nowMs < deadlineMs)
    await time.runUntil(time.nowMs + 5_000, over);
  const open = over() ? [] : unfinished(world);
  if (open.length)
    fail(
      "every MediaJob ends once faults do",
      `after ${CALM_MS / 60_000} min of calm: ${open.map(described).join("; ")}`,
    );
}

const unfinished = ({ server }: World): StoredMediaJob[] =>
  server
    .list(MEDIA_JOBS)
    // One with a time to live ends when it is gone.
    .filter(({ status, spec }) => !isTerminal(status?.phase) || spec.ttlSecondsAfterFinished !== undefined);

const described = ({ metadata, status }: StoredMediaJob): string =>
  `${metadata.name} is ${status?.phase ?? "untouched"} (${JSON.stringify(status?.queue ?? {})}, ${status?.units?.ledger})`;

/** Whether an event waits for its next try, which may come late. */
const delivers = ({ server }: World): boolean =>
  server
    .list(MEDIA_JOBS)
    .some(({ status }) => status?.webhooks?.some(({ pending, disabled }) => pending.length && !disabled));

function countWrites(world: World) {
  const written: string[] = [];
  world.on("written", ({ plural, object, by, type }) => {
    if (by.startsWith("operator-") && plural !== "leases")
      written.push(`${type} ${plural} ${object.metadata.name}`);
  });
  return { take: () => written.splice(0) };
}
