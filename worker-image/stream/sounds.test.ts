import { expect, test } from "vitest";
import { streamOutput } from "../../crds/outputs/stream.ts";
import type { AudioStream } from "../probe/record.ts";
import { channelsOf } from "../video/sound/sound.ts";
import { soundsOf } from "./sounds.ts";

const track = (channels: number) => ({ channels }) as AudioStream;

const layouts = (channels: number[], audio = {}) =>
  soundsOf(channels.map(track), streamOutput.parse({ audio }).audio, { silentSecondsOf: () => 0 }).map(
    ({ track, position, wish }) => `${position}: ${channelsOf(track, wish)}`,
  );

test.each([
  { name: "mono and stereo are offered in stereo", channels: [1, 2], expected: ["0: 2", "1: 2"] },
  {
    name: "surround is offered beside its stereo, behind all stereo",
    channels: [6, 2, 8],
    expected: ["0: 2", "1: 2", "2: 2", "0: 6", "2: 8"],
  },
  { name: "surround is left out on demand", channels: [6], audio: { surround: "None" }, expected: ["0: 2"] },
  {
    name: "channels without a layout that AAC has a name for are stereo alone",
    channels: [9],
    expected: ["0: 2"],
  },
])("$name", ({ channels, audio, expected }) => expect(layouts(channels, audio)).toEqual(expected));

test("bitrateKbps is that of stereo", () => {
  const { audio } = streamOutput.parse({ audio: { bitrateKbps: 96 } });
  const kbps = soundsOf([track(6)], audio, { silentSecondsOf: () => 0 }).map(
    ({ wish }) => wish.soundtrack.bitrateKbps,
  );
  expect(kbps).toEqual([96, undefined]);
});
