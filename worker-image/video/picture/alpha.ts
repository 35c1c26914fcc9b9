import { hasAlpha } from "../../probe/pixel-format.ts";
import type { Rendition } from "../rendition.ts";

/** Decoders that read the second picture of each packet, which says how opaque the first is; ffmpeg's own leave it out. */
const ALPHA_DECODERS: Readonly<Record<string, string>> = { vp8: "libvpx", vp9: "libvpx-vp9" };

/** Options of an input whose alpha is kept by one of `renditions`; the decoder costs more, so no other takes it. */
export function alphaDecoder(...renditions: readonly Pick<Rendition, "picture" | "pixelFormat">[]): string[] {
  const kept = renditions.find(({ pixelFormat }) => hasAlpha(pixelFormat))?.picture;
  const decoder = kept && hasAlpha(kept.pixelFormat) && ALPHA_DECODERS[kept.codec ?? ""];
  return decoder ? [`-c:${kept.index}`, decoder] : [];
}
