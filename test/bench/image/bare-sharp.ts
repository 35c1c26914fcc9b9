import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

/**
 * What sharp can do with nothing around it: several images in flight, no verification, no flush to disk, no atomic
 * names. The limit that the worker is measured against. libvips takes its threads from VIPS_CONCURRENCY, libuv from
 * UV_THREADPOOL_SIZE.
 * Usage: node bare-sharp.ts WORKLOAD IN OUT IN_FLIGHT. Prints the seconds it took, its start excluded.
 */
const [workload = "", from = "", to = "", inFlight = "3"] = process.argv.slice(2);
sharp.cache(false);
sharp.concurrency(Number(process.env.VIPS_CONCURRENCY ?? 1)); // its own default is another where glibc allocates

const jobs: Record<string, (path: string, out: string) => Promise<unknown>> = {
  photos: (path, out) => sharp(path).resize(320).webp({ quality: 75 }).toFile(`${out}.webp`),
  sets: async (path, out) => {
    const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const open = () => sharp(data, { raw: { width, height, channels } });
    await Promise.all(
      [320, 640, 1280].flatMap((size) => [
        open().resize(size).webp({ quality: 75 }).toFile(`${out}-${size}.webp`),
        open()
          .resize(size)
          .flatten({ background: "#ffffff" })
          .jpeg({ quality: 85 })
          .toFile(`${out}-${size}.jpg`),
      ]),
    );
  },
  avif: (path, out) => sharp(path).resize(1280).avif({ quality: 60 }).toFile(`${out}.avif`),
  large: (path, out) => sharp(path).resize(1080).jpeg({ quality: 85 }).toFile(`${out}.jpg`),
};

const files = (await readdir(from)).values();
const job = jobs[workload];
if (!job) throw new Error(`no workload is named ${workload}; there are ${Object.keys(jobs).join(", ")}`);
const started = performance.now();
await Promise.all(
  Array.from({ length: Number(inFlight) }, async () => {
    for (const file of files) await job(join(from, file), join(to, file));
  }),
);
console.log((performance.now() - started) / 1000);
