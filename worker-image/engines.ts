import type { Family } from "../crds/outputs/output.ts";
import type { Engine } from "./engine.ts";

/** The engine of each family, loaded when it is needed: a video unit never pays for libvips. */
export const ENGINES: Partial<Record<Family, () => Promise<Engine>>> = {
  image: async () => (await import("./image/engine.ts")).imageEngine,
  video: async () => (await import("./video/engine.ts")).videoEngine,
  audio: async () => (await import("./audio/engine.ts")).audioEngine,
  frames: async () => (await import("./frames/engine.ts")).framesEngine,
  stream: async () => (await import("./stream/engine.ts")).streamEngine,
  metadata: async () => (await import("./probe/engine.ts")).metadataEngine,
};
