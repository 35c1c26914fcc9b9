import { expandTemplate, tokensOf, withSuffix } from "../../crds/naming.ts";
import type { MadeOutput } from "../../crds/result.ts";
import type { Unit } from "../../crds/unit.ts";
import type { Product } from "../engine.ts";
import { WorkFailure } from "../work-failure.ts";
import { earlyValues } from "./early-values.ts";

/** Names of outputs at the destination, by its template; no two outputs of an attempt get the same one. */
export class TargetNames {
  readonly #unit: Pick<Unit, "destination" | "tokens">;
  /** By path in lower case: some file systems do not tell cases apart. */
  readonly #claimed = new Map<string, string>();

  constructor(unit: Pick<Unit, "destination" | "tokens">) {
    this.#unit = unit;
  }

  /** The name, where it follows from what is known before the file is made. */
  early(product: Product): string | undefined {
    const template = this.#templateOf(product);
    const values = this.#valuesOf(product);
    if (tokensOf(template).some((token) => values[token] === undefined)) return undefined;
    return withSuffix(expandTemplate(template, values), product.suffix ?? "");
  }

  of(
    product: Product,
    { width, height, format }: Pick<MadeOutput, "width" | "height" | "format">,
    sha256: string,
  ): string {
    const expanded = expandTemplate(this.#templateOf(product), {
      ...this.#valuesOf(product),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      ...(format !== undefined && { format }),
      hash: sha256.slice(0, 16),
    });
    return withSuffix(expanded, product.suffix ?? "");
  }

  /** Two outputs of one unit under one name would replace each other without a word. @throws WorkFailure */
  claim(target: string, product: Product): void {
    const key = keyOf(product);
    const other = this.#claimed.get(target.toLowerCase());
    if (other !== undefined && other !== key) {
      throw new WorkFailure(
        "OutputPathConflict",
        `${key} and ${other} would both be named ${target}; tell them apart in destination.template, e.g. by {output}, {width} or {ext}`,
      );
    }
    this.#claimed.set(target.toLowerCase(), key);
  }

  #valuesOf({ source, output, ext }: Product) {
    return earlyValues(this.#unit, { source: source.source, output, ext });
  }

  #templateOf({ template }: Product): string {
    return template ?? this.#unit.destination.template;
  }
}

/** A file among all that the unit makes. */
export const keyOf = ({ source, output, variant }: Product) =>
  [source.source.name, output, ...(variant === undefined ? [] : [variant])].join("/");
