import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Unit } from "../../crds/unit.ts";
import { WorkFailure } from "../work-failure.ts";

/** The files that a unit reads: none of them is ever replaced by what is made of it, by whatever name it is reached. */
export class OwnSources {
  readonly #unit: Pick<Unit, "sources" | "companions">;
  readonly #volumeRoot: (claimName: string) => string;
  /** Looked up once: a unit may have hundreds of sources, and each a file that is replaced. */
  #names: Promise<Map<string, string>> | undefined;

  constructor(unit: Pick<Unit, "sources" | "companions">, volumeRoot: (claimName: string) => string) {
    this.#unit = unit;
    this.#volumeRoot = volumeRoot;
  }

  /** @throws WorkFailure OutputPathConflict when the file at `path`, the output's name `target`, is one of them. */
  async refuse(path: string, target: string): Promise<void> {
    const standing = await identityOf(path);
    if (standing === undefined) return;
    this.#names ??= this.#namesByIdentity();
    const name = (await this.#names).get(standing);
    if (name === undefined) return;
    throw new WorkFailure(
      "OutputPathConflict",
      `${target} is the source ${name} itself, which nothing may replace; choose another destination.volume.path, or a destination.template that does not give its name, e.g. {source}/{output}.{ext}`,
    );
  }

  async #namesByIdentity(): Promise<Map<string, string>> {
    const { sources, companions = [] } = this.#unit;
    const names = new Map<string, string>();
    for (const { name, volume } of [...sources, ...companions]) {
      const identity = volume && (await identityOf(join(this.#volumeRoot(volume.claimName), volume.path)));
      if (identity !== undefined) names.set(identity, name);
    }
    return names;
  }
}

/** The same for all names of a file, links and other mounts among them. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
