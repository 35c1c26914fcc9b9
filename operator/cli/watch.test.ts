import { afterEach, expect, test } from "vitest";
import type { MediaJobStatus } from "../../crds/media-job-status.ts";
import { mediaJob } from "../../test/builders/core.ts";
import { KubeClient } from "../kube/api/client.ts";
import { json, refusal, ScriptedServer, type Step, stream } from "../kube/testing/scripted-server.ts";
import { follow, watch } from "./watch.ts";
import { viewOf, watchDisplay } from "./watch-display.ts";

const units = (done: number, total: number) => ({
  total,
  pending: 0,
  running: total - done,
  succeeded: done,
  failed: 0,
  cancelled: 0,
  ledger: "",
  done: `${done}/${total}`,
});

const progress = (percent: number, fields: object = {}) => ({ percent, display: `${percent}%`, ...fields });

let version = 10;
function job(name: string, status?: MediaJobStatus) {
  const made = mediaJob({}, status);
  const metadata = { ...made.metadata, name, uid: `uid-of-${name}`, resourceVersion: String(++version) };
  return { ...made, metadata };
}
const list = (...items: object[]) =>
  json({ kind: "MediaJobList", metadata: { resourceVersion: String(++version) }, items });
const modified = (object: object) => ({ type: "MODIFIED", object });

let server: ScriptedServer;
afterEach(() => server?.stop());

async function following(
  script: Step[],
  selection: { name?: string; selector?: string } = { name: "holiday" },
) {
  server = await ScriptedServer.start(...script);
  const client = new KubeClient(server.access);
  const lines: string[] = [];
  const display = watchDisplay({
    write: (line: string) => lines.push(line),
  } as unknown as NodeJS.WriteStream);
  const signal = new AbortController();
  const code = await follow({
    client,
    namespace: "media",
    display,
    signal: signal.signal,
    ...selection,
  }).finally(() => client.close());
  return { code, lines: lines.map((line) => line.trimEnd()) };
}

test("where no terminal is, a line tells of what is new, and the exit code of the end", async () => {
  const running = (percent: number, done: number) =>
    modified(
      job("holiday", {
        phase: "Running",
        progress: progress(percent, { stage: "resizing", etaSeconds: 75 }),
        units: units(done, 4),
      }),
    );
  const ended = () =>
    modified(job("holiday", { phase: "PartiallySucceeded", progress: progress(100), units: units(4, 4) }));
  const { code, lines } = await following([
    list(job("holiday")),
    stream([running(26, 1), running(27, 1), running(51, 2), ended()]),
  ]);
  expect(lines).toEqual([
    "holiday  Pending  0%",
    "holiday  Running  26%  1/4 units  ETA 1m15s  resizing",
    "holiday  Running  51%  2/4 units  ETA 1m15s  resizing",
    "holiday  PartiallySucceeded  100%  4/4 units",
  ]);
  expect(code).toBe(3);
  const { url } = await server.request(1);
  expect(url.pathname).toBe("/apis/mediajob.dev/v1alpha1/namespaces/media/mediajobs");
  expect(url.searchParams.get("fieldSelector")).toBe("metadata.name=holiday");
});

test.each([
  { phase: "Succeeded", code: 0 },
  { phase: "Failed", code: 1 },
  { phase: "Cancelled", code: 1 },
  { phase: "PartiallySucceeded", code: 3 },
] as const)("one that has ended as $phase before is over at once, with $code", async ({ phase, code }) => {
  expect(await following([list(job("holiday", { phase }))])).toMatchObject({ code });
});

test("of several the worst counts, and all are waited for", async () => {
  const { code, lines } = await following(
    [
      list(job("a", { phase: "Failed" }), job("b", { phase: "Running" })),
      stream([modified(job("b", { phase: "Succeeded" }))]),
    ],
    { selector: "app=gallery" },
  );
  expect(code).toBe(1);
  expect(lines).toEqual(["a  Failed  0%", "b  Running  0%", "b  Succeeded  0%"]);
  expect((await server.request(1)).url.searchParams.get("labelSelector")).toBe("app=gallery");
});

test("one that is deleted before its end has failed", async () => {
  const running = job("holiday", { phase: "Running" });
  const gone = { ...running, metadata: { ...running.metadata, resourceVersion: "999" } };
  expect(await following([list(running), stream([{ type: "DELETED", object: gone }])])).toMatchObject({
    code: 1,
  });
});

test("a watch that breaks is resumed", async () => {
  const { code } = await following([
    list(job("holiday", { phase: "Running" })),
    stream([modified(job("holiday", { phase: "Running" }))], "reset"),
    stream([modified(job("holiday", { phase: "Succeeded" }))]),
  ]);
  expect(code).toBe(0);
});

test.each([
  {
    name: "one that does not exist",
    step: list(),
    message: "there is no MediaJob holiday in the namespace media",
  },
  {
    name: "no right to see it",
    step: refusal(403, "Forbidden", { message: "no such right" }),
    message: "no such right",
  },
])("$name ends the command, and says so", async ({ step, message }) =>
  expect(following([step])).rejects.toThrow(message),
);

test.each([
  { name: undefined, options: {} },
  { name: "holiday", options: { selector: "a=b" } },
])("either a name or a selector is needed: $name, $options", ({ name, options }) =>
  expect(watch(name, options)).rejects.toThrow("either the name"),
);

test("what a worker says cannot write to the terminal", () => {
  const status = { phase: "Running" as const, progress: progress(5, { stage: "\u001b[2Jnice\n" }) };
  expect(viewOf(mediaJob({}, status)).stage).toBe("[2Jnice");
});

test("while it is uncertain the remaining time is a range", () => {
  const status = {
    phase: "Running" as const,
    progress: progress(5, { etaSeconds: 92, etaMaxSeconds: 4000 }),
  };
  expect(viewOf(mediaJob({}, status)).eta).toBe("ETA 1m32s to 1h6m");
});

test("what waits says why, and where it stands", () => {
  const status = { phase: "Queued" as const, queue: { position: 7, reason: "PoolFull" } };
  expect(viewOf(mediaJob({}, status))).toMatchObject({ phase: "Queued", stage: "PoolFull, place 7" });
});
