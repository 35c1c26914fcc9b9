/** A number with what it counts, as people say it: `1 unit`, `3 units`. */
export const counted = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;
