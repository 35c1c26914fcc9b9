/** Reads the events of an open watch. Owns their form; when a watch begins and how long it may last is the client's. */
import { ApiError, type Asked, explained, type Status } from "./api-error.ts";
import { jsonLines } from "./json-lines.ts";
import type { KubeObject } from "./kube-object.ts";
import type { UnreadField } from "./unread-fields.ts";

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject };

export interface OpenWatch {
  readonly asked: Asked;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly unread: readonly UnreadField[];
  readonly signal: AbortSignal;
  readonly clear: () => void;
}

export async function* watchEvents<T extends KubeObject>({
  asked,
  chunks,
  unread,
  signal,
  clear,
}: OpenWatch) {
  try {
    for await (const line of jsonLines(chunks, unread)) {
      const event = line as WatchEvent<T> | { type: "ERROR"; object: Status };
      if (event.type === "ERROR") throw ApiError.inStream(asked, event.object);
      yield event;
    }
  } catch (error) {
    throw explained(error, asked, signal);
  } finally {
    clear();
  }
}

/** Calls `notice` for each chunk that comes. */
export async function* noticing(chunks: AsyncIterable<Uint8Array>, notice: () => void) {
  for await (const chunk of chunks) {
    notice();
    yield chunk;
  }
}
