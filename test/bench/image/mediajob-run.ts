import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Measurement, median } from "../report.ts";
import type { Bench } from "./bench.ts";
import { largeJpeg } from "./workloads.ts";

const PROGRAM = resolve(import.meta.dirname, "../../../dist/mediajob.js");

/** One JPEG of 50 MB to 1080 pixels by `mediajob run`, from the start of the command to its end. */
export async function measureRun({ runs }: Bench): Promise<Measurement[]> {
  const directory = await mkdtemp(join(tmpdir(), "mediajob-bench-"));
  const media = join(directory, "media.jpg");
  const bytes = await largeJpeg();
  await writeFile(media, bytes);
  const manifest = join(directory, "large.json");
  await writeFile(
    manifest,
    JSON.stringify({
      apiVersion: "mediajob.dev/v1alpha1",
      kind: "MediaJob",
      metadata: { name: "large" },
      spec: {
        sources: [{ name: "large", volume: { claimName: "media", path: "media.jpg" } }],
        outputs: [{ name: "web", image: { format: "jpeg", width: 1080 } }],
        destination: { volume: { claimName: "media", path: "out" } },
      },
    }),
  );
  const seconds: number[] = [];
  for (let round = 0; round < runs; round++) {
    await rm(join(directory, "out"), { recursive: true, force: true });
    const started = performance.now();
    await promisify(execFile)(process.execPath, [PROGRAM, "run", manifest, "--volume", `media=${directory}`]);
    seconds.push((performance.now() - started) / 1000);
  }
  await rm(directory, { recursive: true });
  return [
    {
      name: `run: mediajob run, one JPEG of ${Math.round(bytes.length / 1e6)} MB, whole command`,
      value: median(seconds),
      unit: "s",
      runs: seconds,
      target: { atMost: 3 },
    },
  ];
}
