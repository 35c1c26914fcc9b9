import { afterAll, beforeAll, expect, test } from "vitest";
import { similarity } from "../integration/worker/clips.ts";
import { type MadeVideo, VideoWorkshop } from "../integration/worker/video-workshop.ts";
import { FLOORS, floorName, floorVideo, REFERENCE, WALK } from "../worker/quality-floors.ts";

const rows = FLOORS.map((row) => ({ ...row, name: floorName(row) }));

let workshop: VideoWorkshop;
let made: (name: string) => Promise<MadeVideo>;
beforeAll(async () => {
  workshop = new VideoWorkshop();
  workshop.add(WALK);
  made = await workshop.makeAll("walk.mp4", rows, floorVideo);
});
afterAll(() => workshop.remove());

test.each(rows)("$name: SSIM at least $floor", async ({ name, floor }) => {
  expect(similarity((await made(name)).path, WALK, REFERENCE)).toBeGreaterThan(floor);
});
