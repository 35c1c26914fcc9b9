import type { Rate } from "../../probe/record.ts";
import { perSecond } from "./timing.ts";

/**
 * The timecode `seconds` after `start`, as SMPTE ST 12-1 counts: drop-frame timecode (`;`) leaves out the first
 * two frame numbers of every minute but each tenth (four at 60 fps), so that it keeps pace with the clock. At a rate
 * that drops none it is one that counts all, whatever it is written with. Undefined for what is no timecode of that rate.
 */
export function timecodeAfter(start: string, seconds: number, rate: Rate): string | undefined {
  const match = PARTS.exec(start);
  if (!match) return undefined;
  const [hours = 0, minutes = 0, whole = 0, , frames = 0] = match.slice(1).map(Number);
  const nominal = Math.round(perSecond(rate));
  if (frames >= nominal) return undefined;
  const separator = mayDrop(rate) ? (match[4] ?? ":") : ":";
  const dropped = separator === ":" ? 0 : Math.round(nominal / 15);

  const totalMinutes = hours * 60 + minutes;
  const number =
    (totalMinutes * 60 + whole) * nominal + frames - dropped * (totalMinutes - Math.floor(totalMinutes / 10));
  return written(number + Math.round(seconds * perSecond(rate)), {
    nominal,
    dropped,
    separator,
  });
}

/** Only rates of the NTSC family drop frames. */
const mayDrop = (rate: Rate): boolean => {
  const nominal = Math.round(perSecond(rate));
  return nominal % 30 === 0 && Math.abs(perSecond(rate) - nominal / 1.001) < 0.01;
};

/**
 * The same moment as pictures of another rate count it: so many frames into the same second. Undefined for what is no
 * timecode of the first rate.
 */
export function timecodeAtRate(timecode: string, from: Rate, to: Rate): string | undefined {
  const [, hours, minutes, seconds, separator, frames] = PARTS.exec(timecode) ?? [];
  const [before, after] = [from, to].map((rate) => Math.round(perSecond(rate)));
  if (!before || !after || Number(frames) >= before || frames === undefined) return undefined;
  const drops = separator !== ":" && mayDrop(to);
  const frame = `${Math.floor((Number(frames) * after) / before)}`.padStart(2, "0");
  return `${hours}:${minutes}:${seconds}${drops ? separator : ":"}${frame}`;
}

const PARTS = /^(\d\d):(\d\d):(\d\d)([:;.])(\d\d)$/;

function written(number: number, base: { nominal: number; dropped: number; separator: string }): string {
  const { nominal, dropped, separator } = base;
  const tenMinutes = nominal * 600 - dropped * 9;
  const minute = nominal * 60 - dropped;
  const tens = Math.floor(number / tenMinutes);
  const inTen = number % tenMinutes;
  // The first minute of ten drops nothing, each further one `dropped` numbers.
  const furtherMinutes = inTen < nominal * 60 ? 0 : 1 + Math.floor((inTen - nominal * 60) / minute);
  const label = number + dropped * (tens * 9 + furtherMinutes);
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, "0");
  const seconds = Math.floor(label / nominal);
  const clock = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}${separator}${two(label % nominal)}`;
}
