import { readFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { photo } from "../../worker/pictures.ts";
import type { Measurement } from "../report.ts";
import { type Bench, byWorker, fill } from "./bench.ts";

/** Resident memory of one unit of 1,000 images after a tenth of them, and after all: what leaks, grows. */
export async function measureCreep(bench: Bench): Promise<Measurement[]> {
  const { volume } = bench;
  const images = bench.files ?? 1000;
  await fill(volume.path("creep"), {
    files: images,
    distinct: 8,
    make: async () => (await photo(2)).removeAlpha().jpeg().toBuffer(),
  });
  const files = (await readdir(volume.path("creep"))).map((file) => `creep/${file}`);
  let early = 0;
  let late = 0;
  const sample = async ({ pid }: { pid: number }) => {
    for (let mib = residentMib(pid); mib !== undefined; mib = residentMib(pid)) {
      const done = (await readdir(volume.path("out")).catch(() => [])).length;
      if (early === 0 && done >= images / 10) early = mib;
      if (mib > 0) late = mib;
      await setTimeout(20);
    }
  };
  const outputs = [{ name: "o", image: { format: "webp", width: 320 } }];
  await byWorker(bench, { files, outputs }, sample);
  await rm(volume.path("creep"), { recursive: true });
  return [
    { name: `creep: RSS after ${images / 10} images`, value: early, unit: "MiB" },
    { name: `creep: RSS after ${images} images`, value: late, unit: "MiB" },
    {
      name: `creep: RSS after ${images} to ${images / 10} images`,
      value: late / early,
      unit: "×",
      target: { atMost: 1.15 },
    },
  ];
}

/** Undefined once the process has ended. */
function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}
