import type { MediaRecord, Rate } from "./record.ts";
import type { Timeline } from "./timeline.ts";

/** What an editor or an operator wants to know before work starts. */
export interface Assessment {
  /** A decoder is known for what the file is mainly made of. */
  supported: boolean;
  skipReason: string | null;
  warnings: { reason: string; message: string }[];
  /** Cuts at every frame without decoding others, at a steady, common rate. */
  editorialFriendly: boolean | null;
  recommendation: string | null;
  summary: string;
}

/** Rates that editing and broadcast know. */
const COMMON_RATES: readonly number[] = [23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 100, 119.88, 120];

export function assess(record: MediaRecord, timeline: Timeline | null): Assessment {
  const picture = record.video[0];
  const skipReason = skipReasonOf(record);
  const warnings = warningsOf(record, timeline);
  const intra = picture ? (picture.intraOnly ?? (timeline ? timeline.longestGroup === 1 : null)) : null;
  const troubles = new Set(warnings.map(({ reason }) => reason));
  const steady = !troubles.has("VariableFrameRate") && !troubles.has("UncommonFrameRate");
  const editorialFriendly = picture ? (intra === null ? null : intra && steady) : null;
  return {
    supported: skipReason === null,
    skipReason,
    warnings,
    editorialFriendly,
    recommendation:
      editorialFriendly === false ? "make an editing proxy: video codec prores or dnxhr in mov" : null,
    summary: summarize(record),
  };
}

function skipReasonOf({ video: [picture], audio: [sound] }: MediaRecord): string | null {
  if ((picture?.codec ?? sound?.codec ?? null) === null)
    return "no stream of the file has a codec that is known";
  if (picture?.dolbyVisionProfile === 5)
    return "Dolby Vision of profile 5 has colours that ffmpeg does not know";
  return null;
}

function warningsOf(record: MediaRecord, timeline: Timeline | null): Assessment["warnings"] {
  const picture = record.video[0];
  const warnings: Assessment["warnings"] = [];
  if (!picture) return warnings;
  if (timeline?.variableFrameRate) {
    warnings.push({
      reason: "VariableFrameRate",
      message: "frames stand at unequal distances; set fps to even them out",
    });
  }
  const fps = picture.frameRate ? perSecond(picture.frameRate) : null;
  if (fps !== null && !COMMON_RATES.some((rate) => Math.abs(rate - fps) < 0.01)) {
    warnings.push({
      reason: "UncommonFrameRate",
      message: `${fps.toFixed(3)} frames per second is no rate of editing or broadcast`,
    });
  }
  if ((timeline?.longestGroup ?? 1) > 1 && !picture.intraOnly) {
    warnings.push({
      reason: "LongGop",
      message: `up to ${timeline?.longestGroup} frames hang on one keyframe: seeking and cutting decode them all`,
    });
  }
  if (picture.fieldOrder !== null && picture.fieldOrder !== "Progressive") {
    warnings.push({
      reason: "Interlaced",
      message: `the picture consists of fields (${picture.fieldOrder})`,
    });
  }
  if (picture.storedWidth % 2 === 1 || picture.storedHeight % 2 === 1) {
    warnings.push({
      reason: "OddSize",
      message: `${picture.storedWidth}×${picture.storedHeight} is odd: most codecs cut a line`,
    });
  }
  const measured = timeline?.measuredSeconds ?? null;
  const declared = picture.durationSeconds ?? record.durationSeconds;
  if (
    measured !== null &&
    declared !== null &&
    Math.abs(measured - declared) > Math.max(0.25, declared * 0.01)
  ) {
    warnings.push({
      reason: "DurationMismatch",
      message: `the container declares ${declared.toFixed(2)} s, its frames last ${measured.toFixed(2)} s`,
    });
  }
  return warnings;
}

/** One line, e.g. `1920×1080 25 fps h264 High 4:2:0 8 bit, aac stereo 48 kHz, 10.0 s, mov`. */
function summarize(record: MediaRecord): string {
  const picture = record.video[0];
  const sound = record.audio[0];
  return [
    picture && [
      `${picture.width}×${picture.height}`,
      picture.frameRate && `${Number(perSecond(picture.frameRate).toFixed(3))} fps`,
      picture.codec,
      picture.profile,
      picture.chroma,
      picture.bitDepth && `${picture.bitDepth} bit`,
      picture.dynamicRange === "SDR" ? null : picture.dynamicRange,
    ],
    sound && [
      sound.codec,
      sound.layout ?? `${sound.channels} channels`,
      sound.sampleRate && `${sound.sampleRate / 1000} kHz`,
      record.audio.length > 1 ? `× ${record.audio.length}` : null,
    ],
    record.durationSeconds !== null && [`${record.durationSeconds.toFixed(1)} s`],
    [record.container],
  ]
    .flatMap((part) => (part ? [part.filter(Boolean).join(" ")] : []))
    .join(", ");
}

const perSecond = ({ num, den }: Rate) => num / den;
