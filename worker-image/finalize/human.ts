/** `1.2 GB`: decimal units, as file managers show them. */
export function humanBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const place = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return place === 0 ? `${bytes} B` : `${(bytes / 1000 ** place).toFixed(1)} ${units[place]}`;
}

/** `2m 34.5s`, as in the reports of seeds 002. */
export function humanDuration(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes, rest] = [
    Math.floor(tenths / 36_000),
    Math.floor(tenths / 600) % 60,
    (tenths % 600) / 10,
  ];
  return [hours > 0 && `${hours}h`, (hours > 0 || minutes > 0) && `${minutes}m`, `${rest.toFixed(1)}s`]
    .filter(Boolean)
    .join(" ");
}
