import type { Engine } from "../engine.ts";

/** Of a unit that only finalizes: it makes nothing, and the runtime finalizes after every engine alike. */
export const finalizeEngine: Engine = {
  versions: () => ({}),
  run: async () => undefined,
};
