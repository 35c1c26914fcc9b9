import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { type TemplateToken, tokensOf } from "../../../crds/naming.ts";
import { formatsOf } from "../../../crds/outputs/image.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import type { Fault } from "./fault.ts";
import { templateName } from "./template-name.ts";

/**
 * Files that the template gives no name, or the name of another file of their own output, whatever their source is. The
 * worker would find out as well, but when hours of work are done.
 */
export function namelessFiles({ outputs, destination }: MediaJobSpec): Fault[] {
  const { template, onConflict } = destination;
  const told = tokensOf(template);
  const fault = (message: string): Fault => ({ path: "spec.destination.template", message });
  const named = templateName(template, ANY_VALUES);
  if (named.fault !== undefined) return [fault(named.fault)];
  return outputs.flatMap((output) => {
    const lacking = lackingFiles(output);
    const missing = told.filter((token) => lacking?.lacks.includes(token)).map((token) => `{${token}}`);
    if (lacking && missing.length > 0) {
      const message = `holds ${missing.join(", ")}, which output ${output.name} cannot fill: it makes ${lacking.kind}, which has none; leave it out, or make such outputs in a MediaJob of their own`;
      return [fault(message)];
    }
    if (onConflict === "Suffix" || !isOneNameOfSeveral(output, told)) return [];
    return [fault(`gives several files of output ${output.name} one name; put {ext} into it`)];
  });
}

/** Any value of each token: what a template makes no name of with these, it makes none of with others. */
const ANY_VALUES = {
  ...{
    source: "a",
    file: "a",
    output: "a",
    ext: "a",
    format: "a",
    width: 1,
    height: 1,
    hash: "a",
    index: "1",
    date: "a",
  },
};

const OF_A_PICTURE: readonly TemplateToken[] = ["width", "height"];

interface LackingFiles {
  kind: string;
  lacks: readonly TemplateToken[];
}

/** What is made that lacks what a template may ask for. A description of pictures has a name of its own then. */
function lackingFiles({ video, audio, frames, stream, metadata }: Output): LackingFiles | undefined {
  if (audio) return { kind: "a sound file", lacks: OF_A_PICTURE };
  if (metadata) return { kind: "a JSON description", lacks: OF_A_PICTURE };
  if (stream) return { kind: "a directory of files", lacks: [...OF_A_PICTURE, "hash", "format"] };
  if (frames?.layout === "Sprite") return { kind: "a WebVTT track beside its sprites", lacks: OF_A_PICTURE };
  if (video?.subtitleFiles) return { kind: "a subtitle file beside the video", lacks: OF_A_PICTURE };
  return undefined;
}

/** Whether files of one output differ in their extension alone, and the template does not tell it. */
function isOneNameOfSeveral({ image, video, audio }: Output, told: readonly TemplateToken[]): boolean {
  if (told.includes("ext") || told.includes("format") || told.includes("hash")) return false;
  if (audio?.waveform) return audio.waveform.json && audio.waveform.png;
  if (video?.subtitleFiles) return video.subtitleFiles.length > 1;
  return image !== undefined && formatsOf(image).length > 1;
}
