import type { VideoOutput } from "../../crds/outputs/video.ts";
import { whyAboveLevel } from "../../crds/outputs/video-levels.ts";
import type { HardwareEncoder } from "../../crds/unit.ts";
import { MediaFailure } from "../probe/media-failure.ts";
import type {
  AudioStream,
  DynamicRange,
  MediaRecord,
  Rate,
  TextStream,
  VideoStream,
} from "../probe/record.ts";
import { type Companions, NO_COMPANIONS } from "./companions.ts";
import { bitrateForSize, ENCODERS, type RateControl, rateControlOf, whyNoPicture } from "./encoders.ts";
import { whyInSoftware } from "./hardware/hardware.ts";
import { tagStreamOf } from "./kept-tags.ts";
import type { PictureWork } from "./picture/filters.ts";
import type { Size } from "./picture/geometry.ts";
import { keepsHdr, pictureWork } from "./picture/picture-work.ts";
import {
  bitrateKbpsOf,
  chooseTracks,
  defaultSoundCodec,
  type SoundCodec,
  type SoundWish,
  soundWarnings,
} from "./sound/sound.ts";
import { keptSubtitles } from "./subtitles/subtitle-tracks.ts";
import { endSecondsOf, firstSecondsOf, shownSeconds } from "./time/picture-span.ts";
import { atSpanRate } from "./time/span-rate.ts";
import { type Kept, seeksSpans } from "./time/spans.ts";
import { timecodeAfter, timecodeAtRate } from "./time/timecode.ts";
import {
  delayToFrame,
  emptyCuts,
  onFrames,
  outputSeconds,
  perSecond,
  type Span,
  spansOf,
  steadyRate,
} from "./time/timing.ts";

/**
 * Everything decided about one video file before ffmpeg runs: what is taken from the source, what is done to
 * it, and what the finished file must look like. Pure.
 */
export interface Rendition extends Kept {
  output: VideoOutput;
  picture: VideoStream;
  size: Size;
  /** The output's rate: as asked, or the source's where it is steady; null when it varies. */
  fps: Rate | null;
  pixelFormat: string;
  work: PictureWork;
  rate: RateControl;
  /** The family of hardware encoders that makes the pictures; null for software. */
  hardware: HardwareEncoder | null;
  tracks: AudioStream[];
  soundCodec: SoundCodec;
  sound: SoundWish | undefined;
  subtitles: TextStream[];
  /** Attached files that the subtitles are drawn with. */
  fonts: TextStream[];
  keepsHdr: boolean;
  timecode: string | null;
  /** What is drawn at the first frame of the whole output; null when none is. */
  burnedTimecode: string | null;
  companions: Companions;
  /** Files that are joined after the source. */
  appended: Appended[];
  reelName: string | null;
  placeTags: string[];
  tagStream: number | null;
  /** When the source's last frame ends, from its start; null when the source does not say. */
  endSeconds: number | null;
  /** Of the finished file; null when the source does not say. */
  expectedSeconds: number | null;
  warnings: { reason: string; message: string }[];
}

/** A file that is joined after the source, brought to the source's size, rate and sound. */
export interface Appended {
  picture: VideoStream;
  work: PictureWork;
  track: AudioStream | undefined;
  seconds: number;
}

/**
 * @param encoder the family of hardware encoders that the unit has been given, if any
 * @throws MediaFailure NoVideoStream, InvalidOutputSpec.
 */
export function planRendition(
  record: MediaRecord,
  output: VideoOutput,
  {
    encoder,
    inParts = false,
    companions = NO_COMPANIONS,
  }: {
    encoder?: HardwareEncoder | undefined;
    /** It is made of parts, which no hardware encodes. */
    inParts?: boolean;
    companions?: Companions;
  } = {},
): Rendition {
  const picture = pictureOf(record);
  if (output.codec !== "copy") refuseDolbyVisionAlone(picture, "the source");
  const warnings: Rendition["warnings"] = [];
  const asked = pictureWork(picture, output, warnings);
  const firstSeconds = firstSecondsOf(record, picture);
  const { spans, rate: spanRate } = atSpanRate(
    onFrames(spansOf(output.cuts, record.durationSeconds), { rate: steadyRate(picture), firstSeconds }),
    { picture, firstSeconds, asked: asked.speed === 1 ? asked.fps : undefined },
  );
  const cut = spans.length > 0 ? outputSeconds({ spans, speed: output.speed }, null) : null;
  const constant = asked.fps ?? (asked.interpolate ? undefined : spanRate);
  const work: PictureWork = {
    ...asked,
    fps: constant,
    cutFrames: constant && cut !== null ? Math.max(1, Math.round(cut * perSecond(constant))) : undefined,
  };
  const fps = work.interpolate ?? work.fps ?? steadyRate(picture);
  refuseWithoutRate(output, fps);
  refuseUnfit(output.codec, work);
  const aboveLevel = whyAboveLevel(output, work.scaling.final);
  if (aboveLevel) throw new MediaFailure("InvalidOutputSpec", aboveLevel);
  const codec = output.codec;
  warnings.push(...emptyCuts(output.cuts, spans, record.durationSeconds));
  const appended = companions.appended.map(({ record }) =>
    appendedTo(work, { output, fps, record, dynamicRange: picture.dynamicRange }),
  );
  const ownSeconds = outputSeconds({ spans, speed: output.speed }, record.durationSeconds);
  const expectedSeconds =
    ownSeconds === null ? null : appended.reduce((sum, { seconds }) => sum + seconds, ownSeconds);

  const soundCodec = output.audio.codec ?? defaultSoundCodec(output.container, codec);
  const { chosen: own, missingLanguages } =
    soundCodec === "none" ? { chosen: [], missingLanguages: [] } : chooseTracks(record.audio, output.audio);
  const chosen = own.length > 0 || soundCodec === "none" ? own : appendedTracks(appended);
  const endSeconds = endSecondsOf(record, picture);
  if (own.length < chosen.length && endSeconds === null) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      "the source has no sound and does not tell how long it is silent before what is appended; remux it first",
    );
  }
  for (const language of missingLanguages) {
    warnings.push({ reason: "LanguageMissing", message: `the source has no audio track in '${language}'` });
  }
  const inPlace = spans.length > 0 || appended.length > 0 || work.speed !== 1 || soundCodec === "copy";
  const delaySeconds = inPlace ? undefined : delayToFrame(firstSeconds, fps);
  const sound: SoundWish | undefined =
    soundCodec === "none" || soundCodec === "copy"
      ? undefined
      : {
          codec: soundCodec,
          soundtrack: output.audio,
          deepSamples: codec === "prores" || codec === "dnxhr",
          speed: output.speed ?? 1,
          delaySeconds,
        };

  if (sound) warnings.push(...chosen.flatMap((track) => soundWarnings(track, sound)));

  const text =
    output.subtitles === "Keep" ? keptSubtitles(record, output) : { kept: [], fonts: [], warnings: [] };
  warnings.push(...text.warnings);
  const { pixelFormat } = work;
  const inSoftware =
    encoder && codec !== "copy" ? whyInSoftware(encoder, output, { ...work, inParts }) : undefined;
  if (inSoftware) warnings.push({ reason: "EncodedInSoftware", message: inSoftware });

  return {
    output,
    picture,
    size:
      codec === "copy" ? { width: picture.storedWidth, height: picture.storedHeight } : work.scaling.final,
    fps,
    pixelFormat,
    hardware: encoder && codec !== "copy" && !inSoftware ? encoder : null,
    work: { ...work, delaySeconds, endSeconds: shownSeconds({ spans, picture, firstSeconds, delaySeconds }) },
    rate: rateFor({ output, fps: fps ?? picture.frameRate, expectedSeconds, tracks: chosen, sound }),
    tracks: chosen,
    soundCodec,
    sound,
    subtitles: text.kept,
    fonts: text.fonts,
    keepsHdr: keepsHdr(picture, output),
    timecode:
      output.metadata === "Keep"
        ? keptTimecode({ record, picture, work, spans, firstSeconds }, warnings)
        : null,
    burnedTimecode: output.burnIn?.timecode && fps ? burnedTimecode(record, { picture, fps }) : null,
    companions,
    appended,
    reelName: output.metadata === "Keep" ? record.reelName : null,
    placeTags: record.placeTags,
    tagStream: tagStreamOf(record, picture),
    spans,
    spanRate,
    seeks: seeksSpans(record, spans),
    endSeconds,
    expectedSeconds,
    warnings,
  };
}

/** Its pictures are coded in a colour space of its own: decoded as any other they are green and purple. */
function refuseDolbyVisionAlone({ dolbyVisionProfile }: VideoStream, what: string): void {
  if (dolbyVisionProfile !== 5) return;
  throw new MediaFailure(
    "UnsupportedFormat",
    `${what} is Dolby Vision of profile 5, whose colours ffmpeg does not know; export it with a layer in HDR10 or HLG (profile 8)`,
  );
}

/** The moving picture of a source. @throws MediaFailure NoVideoStream. */
export function pictureOf(record: MediaRecord): VideoStream {
  const picture = record.video[0];
  if (!picture || picture.width === 0 || picture.height === 0) {
    throw new MediaFailure("NoVideoStream", withoutPicture(record));
  }
  return picture;
}

function withoutPicture({ audio, coverArt }: MediaRecord): string {
  if (coverArt.length > 0)
    return "the source has sound and a cover picture but no video; use an audio or image output";
  if (audio.length > 0) return "the source has sound but no video; use an audio output";
  return "the source has no video stream";
}

function refuseUnfit(codec: VideoOutput["codec"], { scaling }: PictureWork): void {
  const why = whyNoPicture(codec, scaling.final);
  if (why) throw new MediaFailure("InvalidOutputSpec", `the picture ${why}; ask for another size or codec`);
}

/** What counts frames or joins files needs to know how long a frame lasts. */
function refuseWithoutRate({ burnIn, append, appendSources }: VideoOutput, fps: Rate | null): void {
  if (fps || !(burnIn?.timecode || append || appendSources)) return;
  const field = append ? "append" : appendSources ? "appendSources" : "burnIn.timecode";
  throw new MediaFailure(
    "InvalidOutputSpec",
    `${field} needs a steady frame rate and the source's varies: set fps`,
  );
}

/** What is drawn at the first frame, as the output's rate counts it. */
function burnedTimecode(
  { timecode }: MediaRecord,
  { picture, fps }: { picture: VideoStream; fps: Rate },
): string {
  if (timecode === null) return "00:00:00:00";
  const burned = timecodeAtRate(timecode, steadyRate(picture) ?? picture.frameRate ?? fps, fps);
  if (burned !== undefined) return burned;
  throw new MediaFailure(
    "InvalidOutputSpec",
    `the source's timecode ${timecode} counts more frames than its rate has, so it cannot be drawn: leave burnIn.timecode out`,
  );
}

function appendedTo(
  first: PictureWork,
  {
    output,
    fps,
    record,
    dynamicRange,
  }: { output: VideoOutput; fps: Rate | null; record: MediaRecord; dynamicRange: DynamicRange },
): Appended {
  const picture = pictureOf(record);
  refuseDolbyVisionAlone(picture, "an appended file");
  // One file says of all its pictures alike what light their numbers mean.
  if (output.dynamicRange === "Source" && picture.dynamicRange !== dynamicRange) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      `the source is ${dynamicRange} and an appended file ${picture.dynamicRange}, which cannot be kept in one file: set dynamicRange SDR`,
    );
  }
  const { width, height } = first.scaling.final;
  const wish = { ...output, crop: undefined, rotate: undefined, flip: undefined, upscale: undefined };
  const work = pictureWork(picture, { ...wish, width, height, fit: "contain", enlarge: true }, []);
  const seconds = endSecondsOf(record, picture);
  if (seconds === null) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      "an appended file does not tell its duration; remux it first",
    );
  }
  return {
    picture,
    work: {
      ...work,
      fps: fps ?? undefined,
      ...(work.matrix !== first.matrix &&
        !work.toneMapFrom && { toMatrix: first.matrix, matrix: first.matrix }),
    },
    track: chooseTracks(record.audio, output.audio).chosen[0],
    seconds,
  };
}

/** Where the source has no sound, the first of the files after it that has some decides how it sounds. */
const appendedTracks = (appended: readonly Appended[]): AudioStream[] =>
  appended.flatMap(({ track }) => track ?? []).slice(0, 1);

/** The timecode of the first frame that is kept; none where frames no longer follow the source's. */
function keptTimecode(
  {
    record,
    picture,
    work,
    spans,
    firstSeconds,
  }: {
    record: MediaRecord;
    picture: VideoStream;
    work: PictureWork;
    spans: Span[];
    /** When the first frame is shown, whose timecode the source's is. */
    firstSeconds: number;
  },
  warnings: Rendition["warnings"],
): string | null {
  const rate = steadyRate(picture);
  if (record.timecode === null) return null;
  const leftOut = (why: string) => {
    const message = `the source's timecode ${record.timecode} counts frames ${why}`;
    warnings.push({ reason: "TimecodeLeftOut", message });
    return null;
  };
  if (rate === null) return leftOut("of a steady rate, and those of the source come at a varying one");
  if (work.speed !== 1 || work.interpolate || (work.fps && perSecond(work.fps) !== perSecond(rate))) {
    return leftOut("that the output no longer has");
  }
  const leftOutSeconds = Math.max(0, (spans[0]?.startSeconds ?? 0) - firstSeconds);
  return (
    timecodeAfter(record.timecode, leftOutSeconds, rate) ?? leftOut("that a second of the source has not")
  );
}

function rateFor(wish: {
  output: VideoOutput;
  fps: Rate | null;
  expectedSeconds: number | null;
  tracks: AudioStream[];
  sound: SoundWish | undefined;
}): RateControl {
  const { output, fps, expectedSeconds, tracks, sound } = wish;
  if (output.codec === "copy") return {};
  if (output.targetBytes === undefined) return rateControlOf(output, output.codec);
  if (expectedSeconds === null) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      "targetBytes needs the duration of the source, which its container does not tell; use bitrateKbps",
    );
  }
  const audioKbps = tracks.reduce(
    (sum, track) =>
      sum + (sound ? (bitrateKbpsOf(track, sound) ?? uncompressedKbps(track)) : (track.bitrate ?? 0) / 1000),
    0,
  );
  const perSecondPackets = (fps ? perSecond(fps) : ASSUMED_FPS) + tracks.length * SOUND_PACKETS_PER_SECOND;
  const bitrateKbps = bitrateForSize({
    targetBytes: output.targetBytes,
    seconds: expectedSeconds,
    audioKbps,
    packets: perSecondPackets * expectedSeconds,
  });
  if (bitrateKbps < 16) {
    throw new MediaFailure(
      "InvalidOutputSpec",
      `targetBytes ${output.targetBytes} leaves ${bitrateKbps} kbit/s for ${expectedSeconds.toFixed(1)} s of picture beside ${Math.round(audioKbps)} kbit/s of sound; raise it or cut`,
    );
  }
  return { bitrateKbps };
}

/** Where the source tells no rate at all. */
const ASSUMED_FPS = 30;

/** AAC has 1024 samples in a packet, Opus 960: about as many a second at 48 kHz. */
const SOUND_PACKETS_PER_SECOND = 50;

const uncompressedKbps = ({ sampleRate, channels }: AudioStream) =>
  ((sampleRate ?? 48_000) * channels * 16) / 1000;

/** What ffprobe must call the video codec of the finished file. */
export function expectedCodec({ output, picture }: Rendition): string | null {
  return output.codec === "copy" ? picture.codec : ENCODERS[output.codec].codec;
}
