import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Unit } from "../../crds/unit.ts";
import type { OpenedSource } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";

/**
 * The files that a unit reads, those beside its sources too, such as a watermark: none of them is ever replaced by what is
 * made of it, by whatever name it is reached.
 */
export class OwnSources {
  readonly #unit: Pick<Unit, "sources" | "companions">;
  readonly #volumeRoot: (claimName: string) => string;
  /** Looked up once: a unit may have hundreds of sources, and each a file that is replaced. */
  #names: Promise<Map<string, string>> | undefined;
  /** By path on this machine, how each file that was opened beside the sources is told. */
  readonly #beside = new Map<string, string>();

  constructor(unit: Pick<Unit, "sources" | "companions">, volumeRoot: (claimName: string) => string) {
    this.#unit = unit;
    this.#volumeRoot = volumeRoot;
  }

  /** Takes in a file that was opened. */
  note({ source: { name, volume }, path }: OpenedSource): void {
    const known = [...this.#unit.sources, ...(this.#unit.companions ?? [])];
    const isBeside = known.every((each) => each.name !== name || each.volume?.path !== volume?.path);
    if (isBeside) this.#beside.set(path, `file ${volume?.path}, from which it is made,`);
  }

  /** @throws WorkFailure OutputPathConflict when the file at `path`, the output's name `target`, is one of them. */
  async refuse(path: string, target: string): Promise<void> {
    const standing = await identityOf(path);
    if (standing === undefined) return;
    this.#names ??= this.#namesByIdentity();
    const name = (await this.#names).get(standing) ?? (await this.#besideOf(standing));
    if (name === undefined) return;
    throw new WorkFailure(
      "OutputPathConflict",
      `${target} is the ${name} itself, which nothing may replace; choose another destination.volume.path, or a destination.template that does not give its name, e.g. {source}/{output}.{ext}`,
    );
  }

  async #namesByIdentity(): Promise<Map<string, string>> {
    const { sources, companions = [] } = this.#unit;
    const names = new Map<string, string>();
    for (const { name, volume } of [...sources, ...companions]) {
      const identity = volume && (await identityOf(join(this.#volumeRoot(volume.claimName), volume.path)));
      if (identity !== undefined) names.set(identity, `source ${name}`);
    }
    return names;
  }

  async #besideOf(standing: string): Promise<string | undefined> {
    for (const [path, name] of this.#beside) if ((await identityOf(path)) === standing) return name;
    return undefined;
  }
}

/** The same for all names of a file, links and other mounts among them. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
