/**
 * Tells what a watch says of our own writes from news. The answer to a write marks the version it made as known; but a
 * busy API server often tells the watch first, and a pass for that costs as much as any other and finds nothing to do.
 */
import { type KubeObject, keyOf, type ObjectRef } from "../api/kube-object.ts";
import type { Resource } from "../api/resources.ts";

export class Echoes {
  /** Versions that were seen of each object while a write to it is under way. */
  readonly #seen = new Map<string, string[]>();
  readonly #onNews: (object: ObjectRef, resource: Resource) => void;

  /** @param onNews what was held back was no echo after all, or cannot be told from one */
  constructor(onNews: (object: ObjectRef, resource: Resource) => void) {
    this.#onNews = onNews;
  }

  /** Whether it may be the echo of a write that is under way. Then it is held back until that is known. */
  holds(resource: Resource, { metadata }: KubeObject): boolean {
    const seen = this.#seen.get(idOf(resource, metadata));
    seen?.push(metadata.resourceVersion);
    return seen !== undefined;
  }

  /** Makes a write, of which there is one at a time for each object. */
  async during<Answer extends KubeObject | null>(
    resource: Resource,
    ref: ObjectRef,
    write: () => Promise<Answer>,
  ): Promise<Answer> {
    const id = idOf(resource, ref);
    const seen: string[] = [];
    this.#seen.set(id, seen);
    let written: string | undefined;
    try {
      const answer = await write();
      written = answer?.metadata.resourceVersion;
      return answer;
    } finally {
      this.#seen.delete(id);
      if (seen.some((version) => version !== written)) this.#onNews(ref, resource);
    }
  }
}

const idOf = ({ plural }: Resource, ref: ObjectRef): string => `${plural}/${keyOf(ref)}`;
