import type { Source } from "../../../crds/source.ts";
import type { EngineContext } from "../../engine.ts";
import { WorkFailure } from "../../work-failure.ts";
import type { Admission } from "../memory/admission.ts";
import { type ImageSource, openImage } from "../read/image-source.ts";
import type { Rendering } from "../rendering.ts";

/** The images that are laid on what is made of a source, each opened once: their headers tell what they will take. */
export class OverlayImages {
  readonly #source: Source;
  readonly #context: EngineContext;
  readonly #admission: Admission;
  readonly #opened = new Map<string, Promise<ImageSource>>();

  constructor(source: Source, context: EngineContext, admission: Admission) {
    this.#source = source;
    this.#context = context;
    this.#admission = admission;
  }

  /** @throws WorkFailure as `openImage` and `openSource`. */
  open(path: string): Promise<ImageSource> {
    const image = this.#opened.get(path) ?? this.#open(path);
    this.#opened.set(path, image);
    return image;
  }

  /** Those of some renderings, by path. One that cannot be opened fails who draws it, and takes no memory. */
  async of(renderings: readonly Rendering[]): Promise<ReadonlyMap<string, ImageSource>> {
    const paths = renderings.flatMap(
      ({ settings }) => settings.overlays?.flatMap(({ image }) => (image ? [image.path] : [])) ?? [],
    );
    const opened = new Map<string, ImageSource>();
    for (const path of new Set(paths)) {
      const image = await this.open(path).catch(() => undefined);
      if (image) opened.set(path, image);
    }
    return opened;
  }

  async #open(path: string): Promise<ImageSource> {
    const { name, volume } = this.#source;
    if (!volume) throw new Error("a source lies on a volume");
    const opened = await this.#context.openSource({ name, volume: { ...volume, path } }).catch((error) => {
      throw error instanceof WorkFailure
        ? new WorkFailure(error.reason, `overlay ${path} cannot be laid on ${error.message}`, {
            cause: error,
          })
        : error;
    });
    return await openImage(opened, this.#context, this.#admission);
  }
}
