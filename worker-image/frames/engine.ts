import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import sharp from "sharp";
import type { FramesOutput } from "../../crds/outputs/frames.ts";
import { videoOutput } from "../../crds/outputs/video.ts";
import type { MadeOutput } from "../../crds/result.ts";
import { eachOutput, type OutputTask } from "../each-output.ts";
import type { Engine, EngineContext, Product } from "../engine.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type { MediaRecord } from "../probe/record.ts";
import { isSeekable } from "../probe/seekable.ts";
import { type FfmpegLimits, ffmpegLimits } from "../video/ffmpeg.ts";
import { ffmpegVersions } from "../video/ffmpeg-versions.ts";
import { type PictureWork, pictureFilters } from "../video/picture/filters.ts";
import type { Size } from "../video/picture/geometry.ts";
import { stageProgress } from "../video/progress/stages.ts";
import { planRendition, type Rendition } from "../video/rendition.ts";
import { shortnessOf } from "../video/time/source-length.ts";
import { perSecond } from "../video/time/timing.ts";
import {
  type Extraction,
  findScenes,
  framesPerRun,
  type TakenFrame,
  type Taking,
  takeFrames,
  takeKeyframes,
} from "./extraction.ts";
import { listShown, shownUntil, takeFromTheStart } from "./from-the-start.ts";
import { listKeyframes, listsKeyframes } from "./keyframes.ts";
import { momentsOf } from "./moments.ts";
import { EXTENSIONS, sizeOf, writeAnimation, writePicture, writeSheet } from "./sheet.ts";
import { cellsOf, refuseTooLarge, spriteFrames } from "./sheet-size.ts";
import type { ShownFrame } from "./shown-frames.ts";
import { type Cue, thumbnailsTrack } from "./web-vtt.ts";

/** Makes still pictures out of videos. ffmpeg takes the frames, sharp makes the pictures. */
export const framesEngine: Engine = {
  async versions() {
    return {
      ...(await ffmpegVersions()),
      sharp: sharp.versions.sharp ?? "unknown",
      libvips: sharp.versions.vips,
    };
  },
  run: (context) => eachOutput(context, { family: "frames" }, (task) => makeFrames(context, task)),
};

type Task = OutputTask<FramesOutput>;

/** Seconds that the parts of the work take on one core, roughly: only their shares matter. */
const COST = {
  analysis: 0.3,
  /** To list where the keyframes are, for several frames. */
  listing: 0.5,
  decodedPixel: 1 / 300e6,
  takenFrame: 0.02,
  writtenFrame: 0.01,
};

/** How long a scene lasts, for those that are not found yet. */
const SCENE_SECONDS = 5;

async function makeFrames(context: EngineContext, { opened, name, wish: frames, tell }: Task): Promise<void> {
  const subject = { source: opened.source.name, output: name };
  tell("analysis", 0);
  const record = await context.probe(opened);
  const picture = planRendition(
    record,
    videoOutput.parse({ ...sizeFields(frames), audio: { codec: "none" } }),
  );
  const run = { limits: ffmpegLimits(context), onStart: (pid: number) => context.watchChild(pid) };
  const expected = frames.sceneChanges
    ? Math.min(frames.sceneChanges.max, 1 + (record.durationSeconds ?? 60) / SCENE_SECONDS)
    : momentsOf(frames, record.durationSeconds).seconds.length;
  const progress = stageProgress([
    { name: "analysis", seconds: COST.analysis + (expected > 1 ? COST.listing : 0) },
    { name: "scenes", seconds: frames.sceneChanges ? decodingSeconds(picture, run.limits.threads) : 0 },
    { name: "frames", seconds: expected * COST.takenFrame },
    { name: "layout", seconds: expected * COST.writtenFrame },
  ]);
  const at = (stage: string, fraction: number) => tell(stage, progress.at(stage, fraction).fraction);
  const source = { path: opened.path, index: picture.picture.index };
  const shown = await shownWhereTimesFollow(frames, { record, ...source }, run);
  const lengthSeconds = shown ? shownUntil(shown, record.durationSeconds) : record.durationSeconds;
  const moments = await momentsFor(frames, { record, lengthSeconds, ...source }, { ...run, tell: at });
  for (const warning of moments.warnings) context.warn({ ...warning, ...subject });
  refuseTooLarge(moments.seconds.length, frames, picture.size);

  const extraction: Extraction = {
    sourcePath: opened.path,
    index: picture.picture.index,
    seconds: moments.seconds,
    exact: frames.exact || frames.sceneChanges !== undefined,
    filters: pictureFilters(inRgb(picture.work)),
    directory: context.scratchDir,
    perRun: framesPerRun(context.limits.memoryBytes, { source: picture.picture, made: picture.size }),
    shown,
  };
  const taking: Taking = { ...run, onTaken: (count) => at("frames", count / moments.seconds.length) };
  let taken = await take(extraction, record.container, taking);
  if (frames.layout === "Animation" && !extraction.exact && (await standsStill(taken))) {
    await removeAll(taken);
    taken = await take({ ...extraction, exact: true, shown: undefined }, record.container, taking);
  }
  try {
    if (taken.length === 0) {
      throw new MediaFailure("SourceCorrupt", "no frame of the source could be decoded at any of the times");
    }
    if (taken.length < moments.seconds.length) {
      const missing = moments.seconds.length - taken.length;
      context.warn({
        reason: "FramesMissing",
        message: `${missing} times have no frame; they are left out`,
        ...subject,
      });
    }
    const end = lengthSeconds ?? (taken.at(-1)?.seconds ?? 0) + 1;
    const onWritten = (count: number) => at("layout", count / taken.length);
    await new Layouts(context, { opened, name, wish: frames, onWritten }).write(taken, {
      cell: picture.size,
      endSeconds: end,
    });
  } finally {
    await removeAll(taken);
  }
}

const removeAll = (taken: readonly TakenFrame[]) =>
  Promise.all(taken.map(({ path }) => rm(path, { force: true })));

/** Whether a frame is that before it: times closer together than keyframes share one. */
async function standsStill(taken: readonly TakenFrame[]): Promise<boolean> {
  let before: Buffer | undefined;
  for (const { path } of taken) {
    const picture = await readFile(path);
    if (before?.equals(picture)) return true;
    before = picture;
  }
  return false;
}

/** Pictures in RGB stay so: what is taken is RGB too. */
const inRgb = (work: PictureWork): PictureWork =>
  work.color?.rgbTo ? { ...work, color: undefined, matrix: undefined } : work;

/** To look at every picture of the source. */
function decodingSeconds({ picture, expectedSeconds }: Rendition, threads: number): number {
  const rate = picture.frameRate ? perSecond(picture.frameRate) : 25;
  return (picture.width * picture.height * rate * (expectedSeconds ?? 60) * COST.decodedPixel) / threads;
}

async function take(extraction: Extraction, container: string, run: Taking): Promise<TakenFrame[]> {
  const { exact, seconds, sourcePath, index } = extraction;
  if (!isSeekable({ container })) return takeFromTheStart(extraction, run);
  if (!exact && seconds.length > 1 && listsKeyframes(container)) {
    const wish = { index, limits: run.limits, times: seconds.length };
    const keyframes = await listKeyframes(sourcePath, wish);
    const taken = keyframes && (await takeKeyframes(extraction, keyframes, run));
    if (taken) return taken;
  }
  return takeFrames(extraction, run);
}

const sizeFields = ({ width, height, fit }: FramesOutput) => ({
  ...(width !== undefined && { width }),
  ...(height !== undefined && { height }),
  fit,
});

/** The frames of a source whose clock may jump, where it depends on its length how many are taken. */
async function shownWhereTimesFollow(
  { everySeconds, count, exact }: FramesOutput,
  { record, path, index }: { record: MediaRecord; path: string; index: number },
  run: { limits: FfmpegLimits; onStart: (pid: number) => void },
): Promise<ShownFrame[] | undefined> {
  const { durationSeconds } = record;
  if (durationSeconds === null || (everySeconds ?? count) === undefined || isSeekable(record))
    return undefined;
  return await listShown({ sourcePath: path, index, exact, seconds: [durationSeconds] }, run);
}

async function momentsFor(
  frames: FramesOutput,
  {
    record: { durationSeconds },
    lengthSeconds,
    path,
    index,
  }: { record: MediaRecord; lengthSeconds: number | null; path: string; index: number },
  run: { limits: FfmpegLimits; onStart: (pid: number) => void; tell: Task["tell"] },
) {
  if (!frames.sceneChanges) {
    const { seconds, warnings } = momentsOf(frames, lengthSeconds);
    const lengths = { declaredSeconds: durationSeconds, foundSeconds: lengthSeconds ?? 0 };
    const short = shortnessOf({ what: "pictures", ...lengths }, { cutShortLines: 0, log: [] });
    return { seconds, warnings: [...warnings, ...short] };
  }
  const seconds = await findScenes(
    { sourcePath: path, index, ...frames.sceneChanges },
    {
      ...run,
      onSeconds: (done) => run.tell("scenes", durationSeconds ? done / durationSeconds : 0),
    },
  );
  return { seconds, warnings: [] };
}

/** How taken frames become files; each is opened again before it is published. */
class Layouts {
  readonly #context: EngineContext;
  readonly #frames: FramesOutput;
  readonly #product: Product;
  /** Told how many frames are in files that are done. */
  readonly #onWritten: (count: number) => void;

  constructor(
    context: EngineContext,
    { opened, name, wish: frames, onWritten }: Omit<Task, "tell"> & { onWritten: (count: number) => void },
  ) {
    this.#context = context;
    this.#frames = frames;
    this.#onWritten = onWritten;
    this.#product = { source: opened, output: name, ext: EXTENSIONS[frames.format] };
  }

  async write(taken: TakenFrame[], { cell, endSeconds }: { cell: Size; endSeconds: number }): Promise<void> {
    switch (this.#frames.layout) {
      case "Files":
        return this.#files(taken);
      case "ContactSheet":
        await this.#publish(this.#product, (to) => this.#sheet(taken, to, cell));
        return;
      case "Animation":
        await this.#publish(this.#product, (to) => writeAnimation(taken, to, this.#frames));
        return;
      case "Sprite":
        return this.#sprites(taken, { cell, endSeconds });
    }
  }

  /** Some are written at once, since each keeps one core busy; they are published in the order of their times. */
  async #files(taken: TakenFrame[]): Promise<void> {
    for (let first = 0; first < taken.length; first += WRITTEN_AT_ONCE) {
      const written = taken.slice(first, first + WRITTEN_AT_ONCE).map(({ path }, at) => {
        const product = taken.length === 1 ? this.#product : numbered(this.#product, first + at);
        return this.#write(product, (to) => writePicture(path, to, this.#frames));
      });
      for (const [at, publish] of (await Promise.all(written)).entries()) {
        await publish();
        this.#onWritten(first + at + 1);
      }
    }
  }

  /** Sheets first: a player that finds the track finds its pictures. */
  async #sprites(
    taken: TakenFrame[],
    { cell, endSeconds }: { cell: Size; endSeconds: number },
  ): Promise<void> {
    const { columns } = this.#frames;
    const perSheet = spriteFrames(columns);
    const cues: Cue[] = [];
    for (let first = 0; first < taken.length; first += perSheet) {
      const onSheet = taken.slice(first, first + perSheet);
      const made = await this.#publish(numbered(this.#product, first / perSheet), (to) =>
        this.#sheet(onSheet, to, cell),
      );
      this.#onWritten(first + onSheet.length);
      const sheet = decodeURIComponent(basename(made.uri));
      const cells = cellsOf(onSheet.length, { columns: Math.min(columns, onSheet.length), cell });
      for (const [at, frame] of onSheet.entries()) {
        const { x = 0, y = 0 } = cells[at] ?? {};
        const fromSeconds = first + at === 0 ? 0 : frame.seconds;
        cues.push({
          fromSeconds,
          toSeconds: taken[first + at + 1]?.seconds ?? endSeconds,
          sheet,
          x,
          y,
          ...cell,
        });
      }
    }
    const track = { ...this.#product, ext: "vtt" };
    if (await this.#context.findMade(track)) return;
    const staged = join(this.#context.stagingDir, `${track.output}-${this.#context.unit.attempt}.vtt`);
    await writeFile(staged, thumbnailsTrack(cues));
    await this.#context.publish(staged, track, { format: "vtt" });
  }

  #sheet(taken: TakenFrame[], to: string, cell: Size): Promise<Size> {
    return writeSheet(taken, to, { columns: this.#frames.columns, cell, look: this.#frames });
  }

  async #publish(product: Product, write: (to: string) => Promise<Size>): Promise<MadeOutput> {
    return (await this.#write(product, write))();
  }

  /** Writes and verifies a picture that is not there yet; what comes back publishes it. */
  async #write(
    product: Product,
    write: (to: string) => Promise<Size>,
  ): Promise<() => MadeOutput | Promise<MadeOutput>> {
    const made = await this.#context.findMade(product);
    if (made) return () => made;
    const { stagingDir, unit } = this.#context;
    const staged = join(
      stagingDir,
      `${product.output}${product.suffix ?? ""}-${unit.attempt}.${product.ext}`,
    );
    const written = await write(staged);
    const found = await sizeOf(staged);
    const animated = this.#frames.layout === "Animation";
    if (!animated && (found.width !== written.width || found.height !== written.height)) {
      throw new MediaFailure(
        "VerificationFailed",
        `a picture is ${found.width}×${found.height}, not ${written.width}×${written.height}`,
      );
    }
    return () => this.#context.publish(staged, product, { format: this.#frames.format, ...found });
  }
}

const WRITTEN_AT_ONCE = 4;

/** `-001` and so on before the extension. */
function numbered(product: Product, at: number): Product {
  const number = `${at + 1}`.padStart(3, "0");
  return { ...product, variant: number, suffix: `-${number}` };
}
