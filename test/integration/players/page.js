/**
 * The page of the player tests: three players behind the same verbs, in a real browser. Plain JavaScript, since
 * it is served to the browser as it stands. Everything a player calls an error is kept, fatal or not, but for what it
 * mends itself.
 */

const video = document.querySelector("video");
const PLAYERS = { "hls.js": openHls, "dash.js": openDash, "shaka-player": openShaka };

/** What each player calls its own: renditions by height, languages of the sound, and how one is chosen. */
let player;
const errors = [];
/** Length of what plays, in seconds, as told at first: a player that ends the stream too soon shortens it for a while. */
let wholeSeconds;
/** How often hls.js has found that nothing moves. */
let stalls = 0;

window.stage = {
  async open(name, url, keys = {}) {
    player = await PLAYERS[name](url, keys);
    video.muted = true;
    await until(() => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA, "a first picture");
    wholeSeconds = video.duration;
    return { seconds: wholeSeconds, heights: player.heights(), languages: player.languages() };
  },

  async playToEnd() {
    await fill();
    video.playbackRate = 4;
    play();
    await until(() => video.ended, "the end");
    const { totalVideoFrames, corruptedVideoFrames } = video.getVideoPlaybackQuality();
    return {
      seconds: video.currentTime,
      frames: totalVideoFrames,
      corrupted: corruptedVideoFrames,
      soundBytes: video.webkitAudioDecodedByteCount,
    };
  },

  /** Seeks, and plays on from there: a player that only shows the frame has not got the rest. */
  async seek(seconds) {
    video.playbackRate = 1;
    video.currentTime = seconds;
    await until(() => !video.seeking, `a seek to ${seconds} s`);
    play();
    await until(() => video.currentTime > seconds + 0.15, `playback after a seek to ${seconds} s`);
    video.pause();
    return video.currentTime;
  },

  /** Goes to the rendition of this height, and waits until playback goes on in pictures of it. */
  async choose(height) {
    await rewind();
    await player.choose(height);
    play();
    // What is shown at first may be the old one's, of the same height or not, and something between them.
    let since = 0;
    await until(() => {
      if (hasBegunAgain()) since = 0;
      if (video.videoHeight !== height) since = video.currentTime;
      return video.currentTime > since + 0.2;
    }, `playback in ${height} lines`);
    video.pause();
    return video.videoHeight;
  },

  /** Changes the language while it plays, and waits until there is sound of it and pictures go on. */
  async listen(language) {
    await rewind();
    play();
    await until(() => video.currentTime > 0.1, "playback before the language is changed");
    await player.listen(language);
    await until(() => player.language() === language, `track in ${language}`);
    const { webkitAudioDecodedByteCount: soundBytes } = video;
    let since = video.currentTime;
    await until(() => {
      if (hasBegunAgain()) since = 0;
      return video.currentTime > since + 0.2 && video.webkitAudioDecodedByteCount > soundBytes + 2000;
    }, `sound in ${language}`);
    video.pause();
    return player.language();
  },

  /** Turns subtitles on and waits for the first; and finds the thumbnail of the moment 2.5 s. */
  async read(thumbnailsUrl) {
    // Playing steadily before: shaka-player forgets a text that is on its way while it deals with a seek.
    video.currentTime = 0.5;
    play();
    await until(() => video.currentTime > 1, "playback before subtitles are turned on");
    video.playbackRate = 0.25; // a player that has come to the end asks for no text any more
    await player.showText();
    const shown = () =>
      [...video.textTracks].filter(({ mode }) => mode === "showing").flatMap(({ cues }) => [...(cues ?? [])]);
    await until(() => shown().length > 0, "subtitles");
    video.pause();
    video.playbackRate = 1;
    const thumbnail = await within(player.thumbnail(2.5, thumbnailsUrl), "thumbnail");
    return {
      text: shown()[0].text,
      thumbnail: thumbnail && { ...thumbnail, sheet: thumbnail.sheet.split("/").at(-1) },
    };
  },

  errors: () => errors,
};

async function openHls(url, keys) {
  const { default: Hls } = await import("/hls.js/hls.mjs");
  const hls = new Hls({ enableWorker: false, capLevelToPlayerSize: false, ...clearKey(keys) });
  hls.on(Hls.Events.ERROR, (_, { type, details, fatal, error, appendsWithoutProgress }) => {
    if (details === "aborted") return; // what it no longer wanted, after a switch or a seek
    // It appends such a fragment once more, and says so again where the browser can make nothing of it.
    if (!fatal && details === Hls.ErrorDetails.BUFFER_APPEND_NO_PROGRESS && appendsWithoutProgress === 1)
      return;
    // A machine that has no time to play is no fault of the stream; what is missing in it is told by other errors.
    if (!fatal && details === Hls.ErrorDetails.BUFFER_STALLED_ERROR) {
      stalls += 1;
      return;
    }
    errors.push(`${fatal ? "fatal " : ""}${type} ${details} ${error?.message ?? ""}`);
  });
  const parsed = new Promise((settle) => hls.once(Hls.Events.MANIFEST_PARSED, settle));
  hls.loadSource(url);
  hls.attachMedia(video);
  await within(parsed, "manifest");
  return {
    heights: () => hls.levels.map(({ height }) => height),
    choose: (height) => {
      hls.currentLevel = hls.levels.findIndex((level) => level.height === height);
    },
    languages: () => hls.audioTracks.map(({ lang }) => lang),
    listen: (language) => {
      hls.audioTrack = hls.audioTracks.findIndex(({ lang }) => lang === language);
    },
    language: () => hls.audioTracks[hls.audioTrack]?.lang,
    showText: () => {
      hls.subtitleDisplay = true;
      hls.subtitleTrack = 0;
    },
    thumbnail: async () => false,
  };
}

/** What a licence server would answer, as W3C Encrypted Media Extensions clause 9.1.4 writes it, from the page itself. */
function clearKey(pairs) {
  if (Object.keys(pairs).length === 0) return {};
  const keys = Object.entries(pairs).map((pair) => {
    const [kid, k] = pair.map(base64Url);
    return { kty: "oct", kid, k };
  });
  const licence = `data:application/json,${encodeURIComponent(JSON.stringify({ keys, type: "temporary" }))}`;
  return {
    emeEnabled: true,
    drmSystems: { "org.w3.clearkey": { licenseUrl: licence } },
    licenseXhrSetup: (request, url) => request.open("GET", url),
  };
}

async function openDash(url, keys) {
  await script("/dash.js/dash.all.min.js");
  const dash = dashjs.MediaPlayer().create();
  dash.on(dashjs.MediaPlayer.events.ERROR, ({ error }) =>
    errors.push(`fatal ${error?.code ?? ""} ${error?.message ?? JSON.stringify(error)}`),
  );
  const ready = new Promise((settle) => dash.on(dashjs.MediaPlayer.events.STREAM_INITIALIZED, settle));
  dash.updateSettings({
    debug: { logLevel: 0 },
    streaming: { abr: { autoSwitchBitrate: { video: false } }, buffer: { fastSwitchEnabled: true } },
  });
  dash.initialize(video, url, false);
  const clearkeys = Object.fromEntries(Object.entries(keys).map((pair) => pair.map(base64Url)));
  if (Object.keys(keys).length > 0) dash.setProtectionData({ "org.w3.clearkey": { clearkeys } });
  await within(ready, "manifest");
  return {
    heights: () => dash.getRepresentationsByType("video").map(({ height }) => height),
    choose: (height) => {
      const wanted = dash.getRepresentationsByType("video").find((each) => each.height === height);
      dash.setRepresentationForTypeById("video", wanted.id, true);
    },
    languages: () => dash.getTracksFor("audio").map(({ lang }) => lang),
    listen: (language) =>
      dash.setCurrentTrack(dash.getTracksFor("audio").find(({ lang }) => lang.startsWith(language))),
    language: () => dash.getCurrentTrackFor("audio")?.lang,
    showText: () => dash.setTextTrack(0),
    thumbnail: (seconds) =>
      new Promise((settle) =>
        dash.provideThumbnail(seconds, ({ url, x, y, width, height }) =>
          settle({ sheet: url, x, y, width, height }),
        ),
      ),
  };
}

async function openShaka(url, keys) {
  await script("/shaka-player/shaka-player.compiled.js");
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.addEventListener("error", ({ detail }) =>
    errors.push(`${detail.severity === 2 ? "fatal " : ""}${detail.code} ${detail.data}`),
  );
  await player.attach(video);
  player.configure({ abr: { enabled: false }, drm: { clearKeys: keys }, streaming: { bufferingGoal: 1 } });
  await within(player.load(url), "manifest");
  return {
    heights: () => [...new Set(player.getVariantTracks().map(({ height }) => height))],
    choose: (height) => {
      const { language } = player.getVariantTracks().find(({ active }) => active);
      const wanted = player
        .getVariantTracks()
        .find((track) => track.height === height && track.language === language);
      player.selectVariantTrack(wanted, true);
    },
    languages: () => [...new Set(player.getVariantTracks().map(({ language }) => language))],
    listen: (language) =>
      player.selectAudioTrack(player.getAudioTracks().find((track) => track.language === language)),
    language: () => player.getVariantTracks().find(({ active }) => active)?.language,
    // While segments are still to come: it holds a text of HLS back until the next one has told where that begins.
    showText: () => player.selectTextTrack(player.getTextTracks()[0]),
    bufferAll: () => player.configure({ streaming: { bufferingGoal: 60 } }),
    thumbnail: async (seconds, thumbnailsUrl) => {
      if (player.getImageTracks().length === 0) await player.addThumbnailsTrack(thumbnailsUrl);
      const [{ id }] = player.getImageTracks();
      const { uris, positionX, positionY, width, height } = await player.getThumbnails(id, seconds);
      return { sheet: uris[0].split("#")[0], x: positionX, y: positionY, width, height };
    },
  };
}

/** As W3C Encrypted Media Extensions write keys. */
const base64Url = (hexadecimal) =>
  btoa(String.fromCharCode(...hexadecimal.match(/../g).map((pair) => Number.parseInt(pair, 16))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const script = (source) =>
  new Promise((settle, fail) => {
    const element = Object.assign(document.createElement("script"), {
      src: source,
      onload: settle,
      onerror: fail,
    });
    document.head.append(element);
  });

/** Back to the beginning, with all of it in the buffer. */
async function rewind() {
  video.currentTime = 0;
  await until(() => !video.seeking, "a seek to the beginning");
  await fill();
}

/**
 * Waits for all of it in the buffer and nothing on its way: what is tested is what players make of a stream, and not how
 * they drop what they were about to do. hls.js that is told to seek and to switch at once may declare the end of what it
 * is throwing away, after which Chromium shows no picture any more; and it calls an append that a switch overtook one
 * that made no progress.
 */
async function fill() {
  player.bufferAll?.();
  const filled = () => video.buffered.length === 1 && video.buffered.end(0) > wholeSeconds - 0.1;
  await until(filled, "all of it in the buffer");
}

/** On a machine without time the film may end before a player has changed anything: then it is played once more. */
function hasBegunAgain() {
  if (!video.ended) return false;
  play();
  return true;
}

/** Not awaited: playback that does not begin is found by what is waited for. A pause before it began is no error. */
function play() {
  video.play().catch((error) => error.name !== "AbortError" && errors.push(`${error}`));
}

/** A player may say nothing for ever: its promises are bounded. */
async function within(promise, what) {
  let settled = false;
  return await Promise.race([
    promise.finally(() => {
      settled = true;
    }),
    until(() => settled, what).then(() => promise),
  ]);
}

/** Where the picture stands, and what it may be waiting for. */
function state() {
  const { currentTime, duration, videoHeight, paused, seeking, readyState, buffered } = video;
  const ranges = Array.from({ length: buffered.length }, (_, index) =>
    [buffered.start(index), buffered.end(index)].map((seconds) => seconds.toFixed(2)).join("-"),
  );
  const flags = Object.entries({ paused, seeking }).flatMap(([name, set]) => (set ? [name] : []));
  return [
    `at ${currentTime} s of ${duration} s`,
    `${videoHeight} lines`,
    ...flags,
    `readyState ${readyState}`,
    `${ranges.join(", ") || "nothing"} in the buffer`,
    ...(stalls ? [`${stalls} stalls`] : []),
  ].join(", ");
}

/** Waits for what the player does by itself; says what did not come, and what the player said meanwhile. */
async function until(condition, what, seconds = 45) {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(
        `no ${what} after ${seconds} s, ${state()}: ${errors.join("; ") || video.error?.message || "no error"}`,
      );
    }
    await new Promise((settle) => setTimeout(settle, 10));
  }
}
