import { expect, test } from "vitest";
import { type EncodeProgress, progressReader } from "./progress-blocks.ts";

const read = (...chunks: string[]) => {
  const blocks: EncodeProgress[] = [];
  const feed = progressReader((block) => blocks.push(block));
  for (const chunk of chunks) feed(chunk);
  return blocks;
};

const BLOCK =
  "frame=48\nfps=31.5\nstream_0_0_q=29.0\nbitrate= 512.4kbits/s\ntotal_size=123456\nout_time_us=1920000\n" +
  "out_time_ms=1920000\nout_time=00:00:01.920000\ndup_frames=1\ndrop_frames=2\nspeed=1.26x\nprogress=continue\n";

const EXPECTED = {
  outTimeSeconds: 1.92,
  frames: 48,
  bytes: 123_456,
  speed: 1.26,
  duplicatedFrames: 1,
  droppedFrames: 2,
  ended: false,
};

test("a block is read when its last line is there", () => {
  expect(read(BLOCK)).toEqual([EXPECTED]);
  expect(read(BLOCK.slice(0, -1))).toEqual([]);
});

test("a block may come in pieces of any size", () => {
  expect(read(...BLOCK)).toEqual([EXPECTED]);
});

test("before the first frame ffmpeg writes N/A, and negative times while audio is primed", () => {
  const [early, primed] = read(
    "out_time_us=N/A\nspeed=N/A\nprogress=continue\n",
    "out_time_us=-21333\nspeed=   0x\nprogress=continue\n",
  );
  expect(early).toMatchObject({ outTimeSeconds: 0, speed: null });
  expect(primed).toMatchObject({ outTimeSeconds: 0, speed: 0 });
});

test("values of one block do not leak into the next", () => {
  const [, last] = read(BLOCK, "out_time_us=2000000\nprogress=end\n");
  expect(last).toMatchObject({ frames: 0, outTimeSeconds: 2, ended: true });
});
