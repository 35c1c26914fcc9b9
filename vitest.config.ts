import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SlowFirst } from "./test/slow-first.ts";

/**
 * Where the programs under test keep what they have compiled, as they do in their images: it takes two thirds off the
 * start of a worker, of which there are hundreds. Node's own place for it, which it keeps right by itself.
 */
const env = { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };

/** Nothing is waited for by the clock: who runs out of this stands still, and is not merely slow. */
const patient = (seconds: number) => ({ poll: { timeout: seconds * 1000, interval: 20 } });

/**
 * Three suites, from fast to real. `unit` needs nothing but Node, and so does `simulation`; `integration` needs ffmpeg and a real
 * kube-apiserver; `e2e` needs the whole test cluster (see test/cluster). Of it, `e2e-apart` breaks something that the
 * others cannot do without, each file something else, and `e2e-exclusive` breaks what all need.
 *
 * `npm test` runs these. `npm run test:long` runs `long` and `long-e2e`: soaks, sweeps of random seeds and whole
 * matrices, of which the others hold a part that is enough for every change.
 */
export default defineConfig({
  test: {
    // Node strips the types itself, as it does for every other script here, and keeps what it has compiled.
    // No test puts another module in the place of one, for which each file would be parsed twice more.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "crds/**/*.test.ts",
            "operator/**/*.test.ts",
            "worker-image/**/*.test.ts",
            "docs/**/*.test.ts",
            "test/*.test.ts",
            "test/bench/**/*.test.ts",
            "test/cluster/**/*.test.ts",
            "test/simulation/mutations/*.test.ts",
          ],
          testTimeout: 30_000,
          expect: patient(20),
          // A process for each file took four times as long; these tests share nothing but read-only modules.
          pool: "threads",
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/*.test.ts"],
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "integration",
          env,
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/programs.ts", "test/integration/shared-api-server.ts"],
          testTimeout: 180_000,
          expect: patient(60),
          hookTimeout: 300_000,
          // Of three one waits: for an API server, a lease, a film that is played.
          maxWorkers: 3,
          // To load everything anew for each file would take half a minute; they share read-only modules, and start what
          // they test as processes of their own.
          isolate: false,
        },
      },
      {
        test: {
          name: "e2e",
          env,
          include: ["test/e2e/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          // They wait more than they work, each in a namespace of its own.
          maxWorkers: 7,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "e2e-apart",
          env,
          include: ["test/e2e/apart/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "e2e-exclusive",
          env,
          include: ["test/e2e/exclusive/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "long",
          env,
          include: ["test/long/*.test.ts"],
          globalSetup: ["test/programs.ts", "test/integration/shared-api-server.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: "long-e2e",
          env,
          include: ["test/long/e2e/*.test.ts"],
          globalSetup: ["test/e2e/setup.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
