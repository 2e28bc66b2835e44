// Takes side by side: each a card with its picture, a play button, the critic's opinion and the listener's.

import { clockText, secondsAt, tickAt } from "../music/score.js";
import { h, icon, put, refill } from "../core/dom.js";
import { reconcile } from "../core/keyed.js";
import { roundName } from "./jobs.js";
import { paintPicture } from "./paint.js";
import { ratingRow } from "./rate.js";
import { reasonList, scoreBadge } from "./judge.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Take} Take */
/** @typedef {import("../core/types.js").Job} Job */

const PICTURE = 132;
const ENDED = ["done", "failed", "cancelled", "interrupted"];
/** What gives one take, by rule. */
const SINGLE = ["humanize", "arrange"];
/** What gives no takes. */
const SILENT = ["judge", "explain", "export", "train", "survey", "update_critic"];

/** Play a take from its beginning (or a place), or stop it. @param {Studio} studio @param {string} id @param {number} [share] 0..1 of its length */
export async function hear(studio, id, share) {
  const { player } = studio;
  player.wake();
  if (share === undefined && player.playing && player.take === id) return player.stop();
  const score = await studio.attempt(() => studio.scoreOf(id));
  if (!score) return undefined;
  const other = player.take !== id;
  if (other && player.playing) player.stop();
  player.load(score, id);
  return player.play(share === undefined ? (other ? 0 : undefined) : secondsAt(score, share * score.ticks));
}

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function cards(studio, until) {
  const { say } = studio;
  const rounds = h("div", { class: "rounds row", role: "group", "aria-label": say("rounds.label") });
  const grid = h("div", { class: "cards", role: "list", "aria-label": say("cards.label") });
  const element = h("section", { class: "takes", "aria-label": say("cards.label") }, rounds, grid);
  /** @type {string | null} the round shown; null: the latest */
  let shown = null;
  /** @type {string | null} the job whose first take is to be played */
  let listening = null;
  const refresh = () => {
    const list = roundsOf(studio);
    const round = list.find((each) => each.job === shown) ?? list[0];
    element.hidden = !round;
    if (!round) return;
    drawRounds(studio, rounds, list, round.job, (job) => {
      shown = job;
      refresh();
    });
    const waiting = Math.max(0, round.expected - round.takes.length);
    reconcile(grid, [
      ...round.takes.map((take) => cardItem(studio, take)),
      ...Array.from({ length: waiting }, (_, i) => ({ key: `wait${round.takes.length + i}`, sign: studio.words.language, make: () => blank(studio) })),
    ]);
    grid.classList.toggle("many", round.takes.length + waiting > 4);
  };
  for (const name of ["takes", "jobs", "pair", "state"]) studio.bus.on(name, refresh, until);
  studio.bus.on("listenfor", (job) => {
    listening = job;
    shown = null;
    const first = [...studio.takes.values()].find((take) => take.job === job);
    if (first) firstSound(first);
    refresh();
  }, until);
  const firstSound = (/** @type {Take} */ take) => {
    if (listening === null || take.job !== listening) return;
    listening = null;
    hear(studio, take.id);
  };
  studio.bus.on("take", firstSound, until);
  studio.bus.on("ended", (/** @type {Job} */ job) => {
    if (job.takes.length && job.verb !== "compose") shown = null;
  }, until);
  studio.bus.on("theme", () => {
    grid.replaceChildren();
    refresh();
  }, until);
  const marks = playMarks(studio, grid, until);
  studio.bus.on("player", marks, until);
  refresh();
  return element;
}

/** @typedef {{job: string, verb: string, asked: Record<string, any>, takes: Take[], expected: number, created: number}} Round */

/** Takes that were written together, the latest first. @param {Studio} studio @returns {Round[]} */
export function roundsOf(studio) {
  /** @type {Map<string, Round>} */
  const found = new Map();
  for (const take of studio.takes.values()) {
    if (take.removed) continue;
    const key = take.job ?? (take.verb === "import" ? "import" : null);
    if (!key) continue;
    let round = found.get(key);
    if (!round) found.set(key, (round = { job: key, verb: take.verb, asked: take.asked, takes: [], expected: 0, created: take.created }));
    round.takes.push(take);
  }
  for (const job of studio.jobs.values()) {
    if (ENDED.includes(job.state) || SILENT.includes(job.verb)) continue;
    let round = found.get(job.id);
    if (!round) found.set(job.id, (round = { job: job.id, verb: job.verb, asked: job.asked, takes: [], expected: 0, created: job.created }));
    round.expected = SINGLE.includes(job.verb) ? 1 : Number(job.asked.takes ?? job.asked.brief?.takes ?? 3);
  }
  for (const round of found.values()) round.takes.sort((a, b) => a.number - b.number);
  return [...found.values()].sort((a, b) => b.created - a.created);
}

/** @param {Studio} studio @param {HTMLElement} row @param {Round[]} list @param {string} chosen @param {(job: string) => void} choose */
function drawRounds(studio, row, list, chosen, choose) {
  row.hidden = list.length < 2;
  const chips = list.slice(0, 12).map((round) => {
    const name = roundName(studio, round.verb, round.asked);
    const pressed = round.job === chosen;
    const make = () =>
      h(
        "button",
        { type: "button", class: "round-chip", "aria-pressed": String(pressed), data: { at: "chip" }, on: { click: () => choose(round.job) } },
        name,
        h("span", { class: "small numbers" }, `${round.takes.length || "…"}`),
      );
    return { key: round.job, sign: `${pressed}${name}${round.takes.length}`, make };
  });
  reconcile(row, chips);
}

/** @param {Studio} studio @param {Take} take */
function cardItem(studio, take) {
  const sides = studio.pair.map((id) => id === take.id);
  const sign = JSON.stringify([take.name, take.verdict, take.rating, take.chosen, take.piece.title, studio.current === take.id, sides, studio.words.language]);
  return { key: take.id, sign, make: () => card(studio, take) };
}

/** @param {Studio} studio @param {Take} take */
function card(studio, take) {
  const { say } = studio;
  const canvas = h("canvas", { class: "picture", "aria-hidden": "true" });
  const head = h("div", { class: "card-line", "aria-hidden": "true", hidden: true });
  const frame = h(
    "div",
    {
      class: "picture-frame", title: say("card.seek"),
      on: { click: (/** @type {MouseEvent} */ event) => hear(studio, take.id, event.offsetX / /** @type {HTMLElement} */ (event.currentTarget).clientWidth) },
    },
    canvas,
    head,
  );
  drawPicture(studio, take.id, canvas);
  const play = h("button", { type: "button", class: "round primary", data: { at: "play" }, "aria-label": say("card.play", { name: take.name }), on: { click: () => hear(studio, take.id) } }, icon("play"));
  const current = studio.current === take.id;
  const side = (/** @type {0 | 1} */ at) =>
    h(
      "button",
      {
        type: "button", class: "side", "aria-pressed": String(studio.pair[at] === take.id), data: { at: `side${at}` }, title: say("pair.put", { side: "AB"[at] }),
        "aria-label": say("pair.put", { side: "AB"[at] }), on: { click: () => putSide(studio, at, take.id) },
      },
      "AB"[at],
    );
  const facts = [take.piece.key && studio.words.name("key", take.piece.key), say("facts.tempo", { n: Math.round(take.piece.tempo) }), clockText(take.piece.seconds)];
  return h(
    "article",
    { class: current ? "take card current" : "take card", role: "listitem", "aria-label": take.name },
    take.chosen ? h("span", { class: "ribbon" }, say("judge.best")) : null,
    h("div", { class: "row take-head" }, play, h("div", { class: "grow" }, h("h3", { class: "take-name" }, take.name), h("p", { class: "small quiet numbers" }, facts.filter(Boolean).join(" · "))), scoreBadge(studio, take)),
    frame,
    reasonList(studio, take, 2),
    ratingRow(studio, take),
    h(
      "div",
      { class: "row take-foot" },
      h("button", { type: "button", class: current ? "" : "primary", data: { at: "work" }, on: { click: () => workOn(studio, take.id) } }, say(current ? "card.workOn" : "card.choose")),
      h("div", { class: "row tight", role: "group", "aria-label": say("pair.label") }, side(0), side(1)),
    ),
  );
}

/** @param {Studio} studio @param {string} id */
async function workOn(studio, id) {
  await studio.choose(id);
  location.hash = "#work";
}

/** Put a take on one side of the comparison. @param {Studio} studio @param {0 | 1} side @param {string} id */
export function putSide(studio, side, id) {
  studio.pair[side] = studio.pair[side] === id ? null : id;
  if (studio.pair[0] === studio.pair[1]) studio.pair[side ? 0 : 1] = null;
  studio.bus.emit("pair");
}

/** @param {Studio} studio @param {string} id @param {HTMLCanvasElement} canvas */
async function drawPicture(studio, id, canvas) {
  const score = await studio.attempt(() => studio.scoreOf(id));
  if (!score) return;
  const draw = () => canvas.clientWidth && paintPicture(canvas, score, canvas.clientWidth, PICTURE);
  const watcher = new ResizeObserver(() => {
    if (!canvas.isConnected) return watcher.disconnect();
    return void draw();
  });
  watcher.observe(canvas);
}

/** A card for a take that is being written. @param {Studio} studio */
function blank(studio) {
  return h("article", { class: "take card blank", role: "listitem", "aria-label": studio.say("card.writing") }, h("div", { class: "picture-frame shimmer" }), h("p", { class: "quiet small" }, studio.say("card.writing")));
}

/** Show on the cards which one sounds, and where. @param {Studio} studio @param {HTMLElement} grid @param {AbortSignal} until */
function playMarks(studio, grid, until) {
  const { player, say } = studio;
  const refresh = () => {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (grid.querySelectorAll("[data-key]"))) {
      const sounding = element.dataset.key === player.take;
      const playing = sounding && player.playing;
      const button = element.querySelector('[data-at="play"]');
      const take = studio.takes.get(element.dataset.key ?? "");
      if (!button || !take) continue;
      if (element.classList.contains("playing") !== playing || !button.hasChildNodes()) refill(button, icon(playing ? "stop" : "play"));
      button.setAttribute("aria-label", say(playing ? "card.stop" : "card.play", { name: take.name }));
      element.classList.toggle("playing", playing);
      const line = /** @type {HTMLElement} */ (element.querySelector(".card-line"));
      line.hidden = !sounding;
    }
  };
  const frame = () => {
    if (until.aborted) return;
    requestAnimationFrame(frame);
    if (!player.score || !player.take) return;
    const line = grid.querySelector(`[data-key="${CSS.escape(player.take)}"] .card-line`);
    if (!(line instanceof HTMLElement)) return;
    const share = Math.min(1, tickAt(player.score, player.position()) / Math.max(1, player.score.ticks));
    line.style.left = `${(share * 100).toFixed(2)}%`;
    line.hidden = false;
  };
  requestAnimationFrame(frame);
  return refresh;
}
