import type { MediaJobSpec } from "../../../crds/media-job.ts";
import { URI_CHARACTERS } from "../../../crds/media-job-status.ts";
import { fileToken, indexToken, volumeUri } from "../../../crds/naming.ts";
import type { Fault } from "./fault.ts";
import { templateName } from "./template-name.ts";

/** Characters that follow the directory: `/` and the name of a report, or of a manifest, which are no longer. */
const OWN_CHARACTERS = 256;

/** Characters that follow a name: `-16383w`, `.waveform.json`, `_999`, `/audio-10-eng-surround.mp4`. */
const REST_CHARACTERS = 64;

/**
 * A destination whose files would be told by longer URIs than a status holds: the API server would refuse every status,
 * and the MediaJob never end. A letter of another script is up to 12 characters of a URI, so bounds of the fields
 * themselves do not tell.
 */
export function longUris({ sources, outputs, destination }: MediaJobSpec): Fault[] {
  const { volume, template } = destination;
  if (!volume) return [];
  const charactersOf = (name: string) => volumeUri(volume.claimName, `${volume.path ?? ""}/${name}`).length;
  const characters = Math.max(
    charactersOf("") + OWN_CHARACTERS,
    charactersOf(longestName(template, { sources, outputs })) + REST_CHARACTERS,
  );
  if (characters <= URI_CHARACTERS) return [];
  const message = `makes URIs of up to ${characters} characters, where each letter but those of ASCII takes several, and a status holds ${URI_CHARACTERS}; choose a shorter volume.path or template`;
  return [{ path: "spec.destination", message }];
}

function longestName(
  template: string,
  { sources, outputs }: Pick<MediaJobSpec, "sources" | "outputs">,
): string {
  const values = {
    source: longestOf(sources.map(({ name }) => name)),
    file: longestOf(sources.map(fileToken)),
    output: longestOf(outputs.map(({ name }) => name)),
    index: indexToken(0, sources.length),
    ext: "webp",
    format: "webp",
    width: 16_383,
    height: 16_383,
    hash: "0".repeat(16),
    date: "2026-01-31",
  };
  return templateName(template, values).path ?? "";
}

const longestOf = (names: readonly string[]): string =>
  names.reduce((longest, name) => (charactersOf(name) > charactersOf(longest) ? name : longest), "");

const charactersOf = (name: string): number => encodeURIComponent(name).length;
