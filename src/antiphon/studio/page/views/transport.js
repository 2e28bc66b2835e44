// The bar at the foot of the page: play, loop, place, tempo, loudness, and the change-over between two takes.

import { barTicks, clockText, placeOf, secondsAt, tickAt } from "../music/score.js";
import { h, icon, iconButton, refill } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

/** Play or stop what is on the desk, or what was heard last. @param {Studio} studio */
export function playOrStop(studio) {
  const { player } = studio;
  if (!player.playing && studio.score && studio.current && (!player.score || location.hash === "#work")) {
    if (player.take !== studio.current) player.load(studio.score, studio.current);
  }
  player.toggle();
}

/** Loop the selected bars; without a selection the whole piece. @param {Studio} studio */
export function toggleLoop(studio) {
  const { player, selection } = studio;
  if (player.loop) return player.setLoop(null);
  if (!player.score) return undefined;
  const ticks = barTicks(player.score);
  const [first, last] = selection ? [selection.first, selection.last] : [1, ticks.length - 1];
  return player.setLoop([ticks[Math.min(first - 1, ticks.length - 2)], ticks[Math.min(last, ticks.length - 1)]]);
}

/** Listen to the other take of the pair, at the same place of the music. @param {Studio} studio @param {0 | 1} [side] */
export async function switchPair(studio, side) {
  const { pair, player } = studio;
  const to = side === undefined ? pair[player.take === pair[0] ? 1 : 0] : pair[side];
  if (!to) return;
  player.wake();
  const score = await studio.attempt(() => studio.scoreOf(to));
  if (!score) return;
  player.load(score, to);
  if (!player.playing) player.play();
}

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function transport(studio, until) {
  const { say, player } = studio;
  const play = h("button", { type: "button", class: "round primary play-main", on: { click: () => playOrStop(studio) } });
  const loop = iconButton("loop", say("transport.loop"), () => toggleLoop(studio));
  const what = h("span", { class: "now-name" });
  const source = h("span", { class: "small quiet now-source" });
  const place = h("span", { class: "numbers now-place" });
  const seek = h("input", {
    type: "range", min: "0", max: "1", step: "0.1", value: "0", class: "seek", "aria-label": say("transport.place"),
    on: { input: (/** @type {any} */ event) => player.seek(Number(event.target.value)) },
  });
  const volume = h("input", {
    type: "range", min: "0", max: "1", step: "0.02", value: String(player.volume), class: "volume-all", "aria-label": say("transport.volume"),
    title: say("transport.volume"), on: { input: (/** @type {any} */ event) => player.setVolume(Number(event.target.value)) },
  });
  const tempo = h("input", {
    type: "number", min: "20", max: "320", step: "1", class: "tempo numbers", "aria-label": say("transport.tempo"), title: say("transport.tempo"),
    on: { change: (/** @type {any} */ event) => setTempo(studio, event.target) },
  });
  const pair = h("div", { class: "pair row tight", role: "group", "aria-label": say("pair.label") });
  const refresh = () => {
    const sign = player.playing ? "stop" : "play";
    refill(play, icon(sign));
    play.setAttribute("aria-label", say(`transport.${sign}`));
    play.title = `${say(`transport.${sign}`)} (${say("key.space")})`;
    play.disabled = !player.score && !studio.score;
    loop.setAttribute("aria-pressed", String(Boolean(player.loop)));
    const take = studio.takes.get(player.take ?? "");
    refill(what, take?.name ?? say("transport.nothing"));
    const state = player.rendering ? "rendering" : player.source;
    refill(source, player.score ? say(`source.${state}`) : "");
    seek.max = String(Math.max(0.1, player.score?.seconds ?? 0.1));
    if (document.activeElement !== tempo) tempo.value = studio.score ? String(Math.round(studio.score.tempos[0][1])) : "";
    tempo.disabled = !studio.score;
    drawPair(studio, pair);
  };
  for (const name of ["player", "takes", "score", "state", "pair"]) studio.bus.on(name, refresh, until);
  refresh();
  follow(studio, place, seek, until);
  return h(
    "footer",
    { class: "transport", "aria-label": say("transport.label") },
    h("div", { class: "row tight" }, iconButton("start", say("transport.start"), () => player.seek(player.loopSeconds()?.[0] ?? 0)), play, loop),
    h("div", { class: "now" }, what, source),
    h("div", { class: "seeking" }, seek, place),
    h("label", { class: "row tight tempo-box" }, h("span", { class: "quarter", "aria-hidden": "true" }, "♩ ="), tempo),
    pair,
    volume,
  );
}

/** The same pieces at a new tempo; a change like any other, so it can be undone. @param {Studio} studio @param {HTMLInputElement} field */
async function setTempo(studio, field) {
  const qpm = Number(field.value);
  if (!studio.score || !(qpm >= 20 && qpm <= 320)) {
    field.value = studio.score ? String(Math.round(studio.score.tempos[0][1])) : "";
    return;
  }
  await studio.flush();
  studio.edit([{ op: "tempo", qpm }], studio.say("edit.tempo", { n: qpm }));
  await studio.flush();
}

/** @param {Studio} studio @param {HTMLElement} pair */
function drawPair(studio, pair) {
  const { say, player } = studio;
  const names = studio.pair.map((id) => studio.takes.get(id ?? "")?.name);
  pair.hidden = !names[0] || !names[1];
  if (pair.hidden) return;
  const button = (/** @type {0 | 1} */ side) =>
    h(
      "button",
      {
        type: "button", "aria-pressed": String(player.take === studio.pair[side]), title: `${names[side]} (X)`,
        "aria-label": say("pair.hear", { side: "AB"[side], name: names[side] ?? "" }), on: { click: () => switchPair(studio, side) },
      },
      "AB"[side],
    );
  refill(pair, button(0), button(1), h("button", { type: "button", class: "plain", on: { click: () => studio.bus.emit("prefer") } }, say("pair.prefer")));
}

/** Place and slider, each frame. @param {Studio} studio @param {HTMLElement} place @param {HTMLInputElement} seek @param {AbortSignal} until */
function follow(studio, place, seek, until) {
  let shown = "";
  const frame = () => {
    if (until.aborted) return;
    requestAnimationFrame(frame);
    const { player } = studio;
    const score = player.score;
    if (!score) return;
    const seconds = Math.min(player.position(), score.seconds);
    const at = placeOf(score, Math.min(tickAt(score, seconds) + 1e-6, Math.max(0, score.ticks - 1)));
    const text = `${at.bar}.${at.beat}  ${clockText(seconds)} / ${clockText(secondsAt(score, score.ticks))}`;
    if (text !== shown) {
      place.textContent = text;
      seek.setAttribute("aria-valuetext", studio.say("transport.at", { bar: at.bar, beat: at.beat }));
      shown = text;
    }
    if (document.activeElement !== seek || player.playing) seek.value = String(seconds);
  };
  requestAnimationFrame(frame);
}
