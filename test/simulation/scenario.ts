/**
 * What a seed stands for, as plain data: who runs, what users want and do, and which faults there are. Nothing in a
 * simulation is drawn before this and nothing in it changes, so that shrinking is to leave things out of it.
 */
import { FAULTS, type FaultName, type FaultRates } from "./faults.ts";
import { Prng } from "./prng.ts";

export interface Scenario {
  readonly seed: number;
  /** One per operator process: how far its wall clock is off. */
  readonly skewsMs: readonly number[];
  /** How long a term's passes are given to end; what has no answer by then outlives it. */
  readonly drainMs: number;
  /** As in the operator's configuration file. */
  readonly configuration: {
    readonly concurrency: number;
    readonly concurrencyPerNamespace: number;
    readonly pools: readonly {
      name: string;
      concurrency: number;
      gpuResource?: string;
      /** With one, units would rather run there, and need not. */
      encoder?: "nvenc";
    }[];
    readonly recovery: {
      readonly gpuRoomSeconds: number;
      readonly unreachableNodeSeconds?: number;
      readonly retriesAtOnce?: Readonly<Record<"Urgent" | "High" | "Normal" | "Low", number>>;
    };
  };
  readonly mediaJobs: readonly WantedMediaJob[];
  readonly deeds: readonly Deed[];
  /** How long after events became dead letters somebody asks for them again; null: nobody does. */
  readonly replaysAfterMs: number | null;
  /** How long after a MediaJob ended with failures somebody has it tried again, once; null: nobody does. */
  readonly retriesAfterMs: number | null;
  readonly faults: FaultRates;
  /** Until then there are faults and deeds; afterwards the world is calm. */
  readonly calmFromMs: number;
  /** How likely each end of an attempt is, by weight. */
  readonly fates: Readonly<Record<FateName, number>>;
}

export interface WantedMediaJob {
  readonly atMs: number;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What a user does to a MediaJob after it was created. Nothing happens when there is none of that name. */
export type Deed = { readonly atMs: number; readonly job: string } & (
  | { readonly do: "Suspend" | "Resume" | "Cancel" | "Retry" }
  | { readonly do: "SetParallelism"; readonly parallelism: number }
  | { readonly do: "SetPriority"; readonly priority: string }
  | { readonly do: "Delete"; readonly propagation: "Background" | "Foreground" }
  | { readonly do: "CreateAgain" }
  | { readonly do: "AddWebhook" | "RemoveWebhook" | "ReplayWebhooks" }
);

const FATES = {
  succeeds: "exits 0 with a result",
  partly: "exits 0, but a source failed for good",
  silent: "exits 0, but its result is lost",
  inputFails: "exits 10: the same source fails again",
  fails: "exits with the code of a class that may pass, with or without a result",
  crashes: "exits with a code nobody chose",
  outOfMemory: "is killed, until it has twice or four times the memory",
  asksForMemory: "exits 30 and says how much it needs",
  hangs: "never ends by itself",
} as const;
export type FateName = keyof typeof FATES;

const MINUTE_MS = 60_000;

export function drawScenario(seed: number): Scenario {
  const random = new Prng(`mediajob-${seed}`);
  const calmFromMs = Math.round(random.between(0.3, 3) * MINUTE_MS);
  const pools = drawPools(random.fork("pools"));
  const frail = drawFrail(random.fork("frail"));
  const adrift = !frail && random.fork("adrift").chance(0.06);
  const onePlace = random.fork("places").chance(frail ? 0.6 : 0.25);
  const mediaJobs = drawMediaJobs(random.fork("jobs"), { calmFromMs, onePlace, alone: frail !== null });
  return {
    seed,
    skewsMs: Array.from({ length: random.chance(0.4) ? 2 : 1 }, () =>
      random.chance(0.5) ? 0 : Math.round(random.between(-300_000, 300_000)),
    ),
    drainMs: random.fork("drain").pick([0, 3_000]),
    configuration: {
      concurrency: random.chance(0.4) ? random.int(1, 4) : 1000,
      concurrencyPerNamespace: drawNamespaceCap(random.fork("namespaces")),
      pools,
      recovery: { ...drawRecovery(random.fork("recovery")), ...(adrift && ADRIFT.recovery) },
    },
    mediaJobs,
    deeds: drawDeeds(random.fork("deeds"), mediaJobs, calmFromMs),
    replaysAfterMs: drawReplays(random.fork("replays")),
    retriesAfterMs: onePlace ? drawRetries(random.fork("retries")) : null,
    faults: {
      ...drawFaults(random.fork("faults")),
      ...drawRare("tidying", random.fork("tidying")),
      ...drawRare("quota", random.fork("quota")),
      ...frail,
      ...(adrift && ADRIFT.faults),
    },
    calmFromMs,
    fates: {
      ...drawFates(random.fork("fates")),
      ...(frail && { crashes: 1 }),
      ...(adrift && ADRIFT.fates),
    },
  };
}

function drawPools(random: Prng): Scenario["configuration"]["pools"] {
  const concurrency = () => (random.chance(0.6) ? random.int(1, 3) : 1000);
  return [
    { name: "cpu", concurrency: concurrency() },
    ...(random.chance(0.4)
      ? [
          {
            ...{ name: "gpu", concurrency: concurrency(), gpuResource: "example.com/gpu" },
            ...(random.fork("encoder").chance(0.7) && { encoder: "nvenc" as const }),
          },
        ]
      : []),
  ];
}

/** In few worlds, since the operator's cap often binds as well; drawn apart, so that the others stay as they were. */
const drawNamespaceCap = (random: Prng): number => (random.chance(0.05) ? random.int(1, 3) : 1000);

function drawRecovery(random: Prng): Scenario["configuration"]["recovery"] {
  return {
    gpuRoomSeconds: random.pick([5, 120]),
    ...(random.chance(0.5) && { retriesAtOnce: { Urgent: 1, High: 1, Normal: 1, Low: 1 } }),
  };
}

/**
 * Worlds of what is told once and never again: MediaJobs of one unit, killed before it could say a word or evicted as it
 * did, whose pod is gone while the API server has not answered what was concluded from it. Each of these is too rare
 * for all of them together to meet elsewhere, so the rates here go beyond what FAULTS calls the most.
 */
const FRAIL: readonly FaultRates[] = [
  { resetAfter: 0.3, eviction: 30 },
  { refusedAfter: 0.1, timeoutAfter: 0.05, resetAfter: 0.08, eviction: 10, nodeLoss: 3 },
];

const drawFrail = (random: Prng): FaultRates | null => (random.chance(0.08) ? random.pick(FRAIL) : null);

/**
 * Worlds where nodes come and go and the news of them is late, so that what is taken for lost often is not; and where
 * work lasts long enough for it to matter.
 */
const ADRIFT = {
  recovery: { unreachableNodeSeconds: 2 },
  faults: { nodeLoss: 4, watchLag: 0.3 },
  fates: { hangs: 1 },
} as const;

/**
 * @param onePlace all of them would write the same files
 * @param alone each has a single unit, tried a single time
 */
function drawMediaJobs(
  random: Prng,
  { calmFromMs, onePlace, alone }: { calmFromMs: number; onePlace: boolean; alone: boolean },
): WantedMediaJob[] {
  const reporting = random.fork("report");
  const shareWithReport = reporting.chance(0.4) ? 0.8 : 0;
  const sounds = !alone && random.fork("sound").chance(0.15);
  return Array.from({ length: random.int(1, 4) }, (_, index) => {
    const drawn = Array.from({ length: Math.ceil(random.skewed(0.01, 6)) }, (_, n) => `s${n}`);
    const sources = alone ? drawn.slice(0, 1) : drawn;
    return {
      atMs: Math.round(random.skewed(0, calmFromMs)),
      name: `job-${index}`,
      spec: {
        sources: sources.map((name) => ({ name, volume: { claimName: "media", path: `in/${name}` } })),
        // Each rendition of a video is a unit of its own.
        outputs: [
          { name: "web", video: { height: 360 } },
          // Planned before its source is known, and done before more units follow.
          ...(sounds ? [{ name: "sound", audio: { codec: "aac" } }] : []),
        ],
        destination: { volume: { claimName: "media", path: onePlace ? "out" : `out/${index}/` } },
        parallelism: random.chance(0.4) ? random.int(1, 3) : 8,
        priority: random.pick(["Low", "Normal", "High", "Urgent"]),
        retry: { maxAttempts: random.int(1, 4) },
        unitTimeoutSeconds: random.int(20, 90),
        ...(random.chance(0.15) && { failurePolicy: { sources: "FailFast" } }),
        ...(random.chance(0.15) && { recovery: "Manual" }),
        ...(random.chance(0.15) && { activeDeadlineSeconds: random.int(5, 120) }),
        ...(random.chance(0.1) && { ttlSecondsAfterFinished: random.int(0, 60) }),
        ...(random.chance(0.2) && { placement: { gpu: random.pick(["Require", "Never"]) } }),
        ...(random.chance(0.1) && { suspend: true }),
        ...(random.chance(0.6) && { webhooks: drawWebhooks(random) }),
        ...(reporting.chance(shareWithReport) && { report: { formats: ["json"] } }),
        ...(alone && { retry: { maxAttempts: 1 } }),
      },
    };
  });
}

const drawWebhooks = (random: Prng) =>
  ["all", "ends"].slice(0, random.int(1, 2)).map((name) => ({
    name,
    url: `https://receiver.example/${name}`,
    secretRef: { name: "webhook" },
    ...(name === "ends" && { events: ["job.completed", "job.failed", "job.resumed"] }),
  }));

const drawReplays = (random: Prng): number | null =>
  random.chance(0.5) ? Math.round(random.skewed(10, 20_000)) : null;

/** Where others wait to write the same files: then they have just begun. */
const drawRetries = (random: Prng): number | null =>
  random.chance(0.7) ? Math.round(random.skewed(10, 20_000)) : null;

function drawDeeds(random: Prng, jobs: readonly WantedMediaJob[], calmFromMs: number): Deed[] {
  const weights = {
    Suspend: random.next(),
    Resume: random.next(),
    Cancel: random.next() / 3,
    Retry: random.next(),
    SetParallelism: random.next(),
    SetPriority: random.next() / 2,
    Delete: random.next() / 3,
    CreateAgain: random.next() / 2,
    AddWebhook: random.next() / 4,
    RemoveWebhook: random.next() / 4,
  };
  const count = random.chance(0.3) ? 0 : random.int(1, 10);
  const deeds = Array.from({ length: count }, (): Deed[] => {
    const at = { atMs: Math.round(random.between(0, calmFromMs)), job: random.pick(jobs).name };
    const what = random.weighted(weights);
    if (what === "SetParallelism") return [{ ...at, do: what, parallelism: random.int(1, 4) }];
    if (what === "SetPriority") return [{ ...at, do: what, priority: random.pick(["Low", "Urgent"]) }];
    if (what !== "Delete") return [{ ...at, do: what }];
    const propagation = random.pick(["Background", "Foreground"] as const);
    // As `kubectl replace --force` does: the new one meets what is left of the old.
    const againMs = Math.round(at.atMs + random.skewed(0, 3000));
    const again: Deed[] = random.chance(0.5) ? [{ atMs: againMs, job: at.job, do: "CreateAgain" }] : [];
    return [{ ...at, do: what, propagation }, ...again];
  });
  return deeds.flat().toSorted((a, b) => a.atMs - b.atMs);
}

/** A third of the worlds have hardly any fault, the others about half of all kinds. */
function drawFaults(random: Prng): FaultRates {
  const share = random.pick([0.1, 0.3, 0.5, 0.5]);
  const rates: FaultRates = {};
  for (const name of Object.keys(FAULTS) as FaultName[])
    if (!isRare(name) && random.chance(share)) rates[name] = random.next() * FAULTS[name].most;
  return rates;
}

/** In few worlds, and drawn apart: most seeds that found a bug before these were thought of show it still. */
const RARE = { tidying: 0.12, quota: 0.08 } satisfies FaultRates;
type RareFault = keyof typeof RARE;

const isRare = (name: FaultName): name is RareFault => name in RARE;

const drawRare = (name: RareFault, random: Prng): FaultRates =>
  random.chance(RARE[name]) ? { [name]: random.next() * FAULTS[name].most } : {};

function drawFates(random: Prng): Record<FateName, number> {
  const kind = (likely: number, weight: number) => (random.chance(likely) ? random.next() * weight : 0);
  return {
    succeeds: 1,
    partly: kind(0.3, 0.5),
    silent: kind(0.2, 0.3),
    inputFails: kind(0.3, 0.5),
    fails: kind(0.5, 1.5),
    crashes: kind(0.3, 1),
    outOfMemory: kind(0.3, 1),
    asksForMemory: kind(0.2, 0.5),
    hangs: kind(0.2, 0.4),
  };
}
