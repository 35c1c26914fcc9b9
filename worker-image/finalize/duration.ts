/** `2m 34.5s`. */
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
