import type { MediaJobSpec } from "../../../crds/media-job.ts";

/** Where the items of a list stood when it was planned: the places of their names, taken by the alphabet. */
export interface PlannedOrder {
  sources: readonly number[];
  outputs: readonly number[];
}

/** Of a spec that is planned now. */
export const orderOf = ({ sources, outputs }: MediaJobSpec): PlannedOrder => ({
  sources: placesOf(sources),
  outputs: placesOf(outputs),
});

/**
 * The spec in the order in which it was planned. Its lists are keyed by name: they never change, but the API server lets
 * whoever applies a MediaJob again write them in another order, and plans, ledgers and `{index}` count by places.
 *
 * @param order unset in a plan of an earlier version: then the order is taken as it is
 */
export function inPlannedOrder(spec: MediaJobSpec, order: PlannedOrder | undefined): MediaJobSpec {
  if (!order) return spec;
  const sources = putBack(spec.sources, order.sources);
  const outputs = putBack(spec.outputs, order.outputs);
  return sources === spec.sources && outputs === spec.outputs ? spec : { ...spec, sources, outputs };
}

interface Named {
  name: string;
}

const byName = (a: Named | undefined, b: Named | undefined): number =>
  !a || !b || a.name === b.name ? 0 : a.name < b.name ? -1 : 1;

const placesOf = (items: readonly Named[]): number[] =>
  [...items.keys()].sort((a, b) => byName(items[a], items[b]));

/** The list itself where it stands as it did: that is asked at every pass, and may be of 10,000 items. */
function putBack<Item extends Named>(items: Item[], places: readonly number[]): Item[] {
  const stands = places.every(
    (place, rank) => rank === 0 || byName(items[places[rank - 1] ?? 0], items[place]) < 0,
  );
  if (stands || places.length !== items.length) return items;
  const back = [...items];
  for (const [rank, item] of items.toSorted(byName).entries()) back[places[rank] ?? 0] = item;
  return back;
}
