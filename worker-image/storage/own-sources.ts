import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Unit } from "../../crds/unit.ts";
import { WorkFailure } from "../work-failure.ts";

/** The files that a unit reads: none of them is ever replaced by what is made of it, by whatever name it is reached. */
export class OwnSources {
  readonly #unit: Pick<Unit, "sources" | "companions">;
  readonly #volumeRoot: (claimName: string) => string;

  constructor(unit: Pick<Unit, "sources" | "companions">, volumeRoot: (claimName: string) => string) {
    this.#unit = unit;
    this.#volumeRoot = volumeRoot;
  }

  /** @throws WorkFailure OutputPathConflict when the file at `path`, the output's name `target`, is one of them. */
  async refuse(path: string, target: string): Promise<void> {
    const standing = await identityOf(path);
    if (standing === undefined) return;
    const { sources, companions = [] } = this.#unit;
    for (const { name, volume } of [...sources, ...companions]) {
      if (!volume || (await identityOf(join(this.#volumeRoot(volume.claimName), volume.path))) !== standing)
        continue;
      throw new WorkFailure(
        "OutputPathConflict",
        `${target} is the source ${name} itself, which nothing may replace; choose another destination.volume.path, or a destination.template that does not give its name, e.g. {source}/{output}.{ext}`,
      );
    }
  }
}

/** The same for all names of a file, links and other mounts among them. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
