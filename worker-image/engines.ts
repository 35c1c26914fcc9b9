import type { UnitFamily } from "../crds/unit.ts";
import type { Engine } from "./engine.ts";

/** The engine of each family, loaded when it is needed: a video unit never pays for libvips. */
export const ENGINES: Partial<Record<UnitFamily, () => Promise<Engine>>> = {
  image: async () => (await import("./image/engine.ts")).imageEngine,
  video: async () => (await import("./video/engine.ts")).videoEngine,
  audio: async () => (await import("./audio/engine.ts")).audioEngine,
  frames: async () => (await import("./frames/engine.ts")).framesEngine,
  stream: async () => (await import("./stream/engine.ts")).streamEngine,
  probe: async () => (await import("./probe/facts-engine.ts")).factsEngine,
  finalize: async () => (await import("./finalize/engine.ts")).finalizeEngine,
  metadata: async () => (await import("./probe/engine.ts")).metadataEngine,
};
