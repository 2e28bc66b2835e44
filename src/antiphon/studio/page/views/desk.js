// The desk: the current take laid out over time - sections, chords, lanes and the note editor - with its tools.

import { barTicks, secondsAt, tickAt } from "../music/score.js";
import { h, iconButton, put, refill } from "../core/dom.js";
import { Axis } from "./axis.js";
import { ChordRow } from "./chordrow.js";
import { Heads } from "./heads.js";
import { Lanes } from "./lanes.js";
import { Notes } from "./notes.js";

const GRIDS = [4, 8, 12, 16, 24, 32];

/** @typedef {import("../core/studio.js").Studio} Studio */

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function desk(studio, until) {
  const axis = new Axis(studio.bus);
  const lanes = new Lanes(studio, axis, until);
  const notes = new Notes(studio, axis, until);
  const chords = new ChordRow(studio, axis, until);
  const heads = new Heads(studio, notes, until);
  const line = h("div", { class: "playhead", "aria-hidden": "true" });
  const view = h("div", { class: "view" }, lanes.ruler, h("div", { class: "chord-space" }), lanes.canvas, notes.canvas, notes.velocity, line);
  const length = h("div", { class: "length" }, chords.element, view);
  const scroller = h("div", { class: "scroller", tabindex: "-1" }, length);
  const empty = h("p", { class: "empty quiet" }, studio.say("desk.empty"));
  const body = h("div", { class: "desk-body" }, heads.element, scroller);
  const element = h(
    "section",
    { class: "desk card", "aria-label": studio.say("desk.label") },
    tools(studio, axis, notes, until),
    lanes.hint,
    notes.hint,
    empty,
    body,
  );
  wire(studio, axis, { scroller, length, view, line, empty, body, heads }, until);
  return element;
}

/**
 * Keep axis, scrolling and play-head in step.
 * @param {Studio} studio
 * @param {Axis} axis
 * @param {Record<string, any>} parts
 * @param {AbortSignal} until
 */
function wire(studio, axis, parts, until) {
  const { scroller, length, view, line, empty, body } = parts;
  const measure = () => {
    axis.width = Math.max(120, scroller.clientWidth);
    view.style.width = `${axis.width}px`;
    length.style.width = `${Math.max(axis.length, axis.width)}px`;
  };
  let fitted = false;
  const fit = () => {
    if (fitted || !axis.score || !scroller.clientWidth) return;
    fitted = true;
    measure();
    axis.fit(axis.width > 600 ? Math.min(16, axis.score.bars.length) : 4);
  };
  const relay = () => {
    const score = studio.score;
    empty.hidden = Boolean(score?.tracks.length);
    body.hidden = !empty.hidden;
    if (!score) return;
    const first = !axis.score;
    const other = axis.score && axis.score.ticks !== score.ticks;
    axis.score = score;
    measure();
    fit();
    if (other) axis.setScale(axis.scale);
    measure();
    studio.bus.emit("axis", first || other ? "scale" : "paint");
  };
  studio.bus.on("score", relay, until);
  studio.bus.on("axis", (what) => {
    if (what !== "scale") return;
    measure();
    scroller.scrollLeft = axis.left;
  }, until);
  scroller.addEventListener("scroll", () => {
    axis.left = scroller.scrollLeft;
    studio.bus.emit("axis", "scroll");
  });
  const watcher = new ResizeObserver(() => {
    measure();
    fit();
    studio.bus.emit("axis", "size");
  });
  watcher.observe(scroller);
  until.addEventListener("abort", () => watcher.disconnect());
  const show = (/** @type {number} */ tick) => {
    const x = axis.x(tick);
    if (x < 0 || x > axis.width - 40) scroller.scrollLeft = Math.max(0, tick * axis.scale - axis.width * 0.2);
  };
  studio.bus.on("showtick", show, until);
  studio.bus.on("showbar", (bar) => studio.score && show(barTicks(studio.score)[bar - 1]), until);
  studio.bus.on("seektick", (tick) => {
    if (!studio.score || !studio.current) return;
    if (studio.player.take !== studio.current) studio.player.load(studio.score, studio.current);
    studio.player.seek(secondsAt(studio.score, tick));
  }, until);
  playhead(studio, axis, line, show, until);
  queueMicrotask(relay);
}

/** Move the play-head each frame. @param {Studio} studio @param {Axis} axis @param {HTMLElement} line @param {(tick: number) => void} show @param {AbortSignal} until */
function playhead(studio, axis, line, show, until) {
  const frame = () => {
    if (until.aborted) return;
    requestAnimationFrame(frame);
    const { player, score } = studio;
    const mine = score && player.score && player.take === score.take;
    line.hidden = !mine;
    if (!mine || !axis.score) return;
    const tick = tickAt(score, player.position());
    const x = axis.x(tick);
    line.style.transform = `translateX(${x.toFixed(1)}px)`;
    line.hidden = x < -2 || x > axis.width + 2;
    if (player.playing) show(Math.min(tick, score.ticks));
  };
  requestAnimationFrame(frame);
}

/** Undo, zoom, pencil and grid. @param {Studio} studio @param {Axis} axis @param {Notes} notes @param {AbortSignal} until */
function tools(studio, axis, notes, until) {
  const { say } = studio;
  const title = h("h2", { class: "desk-title" });
  const facts = h("p", { class: "quiet small numbers desk-facts" });
  const undo = iconButton("undo", say("undo"), () => studio.step("undo"));
  const redo = iconButton("redo", say("redo"), () => studio.step("redo"));
  const point = iconButton("pointer", say("tool.point"), () => choose("point"));
  const draw = iconButton("pencil", say("tool.draw"), () => choose("draw"));
  const grid = h(
    "select",
    { "aria-label": say("tool.grid"), class: "grid", on: { change: (/** @type {any} */ e) => (notes.grid = Number(e.target.value)) } },
    GRIDS.map((n) => h("option", { value: String(n), selected: n === notes.grid }, say(`grid.${n}`))),
  );
  const choose = (/** @type {"point" | "draw"} */ tool) => {
    notes.tool = tool;
    point.setAttribute("aria-pressed", String(tool === "point"));
    draw.setAttribute("aria-pressed", String(tool === "draw"));
    notes.canvas.classList.toggle("drawing", tool === "draw");
  };
  choose("point");
  studio.bus.on("tool", () => choose(notes.tool === "draw" ? "point" : "draw"), until);
  const refresh = () => {
    const { take } = studio;
    refill(title, take?.name ?? "");
    const piece = take?.piece;
    const said = piece ? [say("facts.bars", { n: piece.bars }), piece.key && studio.words.name("key", piece.key), piece.meter, say("facts.tempo", { n: Math.round(piece.tempo) }), say("facts.notes", { n: piece.notes })] : [];
    refill(facts, said.filter(Boolean).join(" · "));
    for (const [button, what, key] of /** @type {[any, string | null, string][]} */ ([[undo, studio.would("undo"), "undo"], [redo, studio.would("redo"), "redo"]])) {
      const label = what ? `${say(key)}: ${what}` : say(key);
      button.disabled = !what;
      button.title = label;
      button.setAttribute("aria-label", label);
    }
  };
  for (const name of ["state", "takes"]) studio.bus.on(name, refresh, until);
  refresh();
  const bar = h("div", { class: "desk-tools row" }, h("div", { class: "grow" }, title, facts));
  put(
    bar,
    h("div", { class: "row tight", role: "group", "aria-label": say("tool.history") }, undo, redo),
    h("div", { class: "row tight", role: "group", "aria-label": say("tool.label") }, point, draw, grid),
    h(
      "div",
      { class: "row tight", role: "group", "aria-label": say("tool.zoom") },
      iconButton("minus", say("tool.out"), () => axis.setScale(axis.scale / 1.4)),
      iconButton("plus", say("tool.in"), () => axis.setScale(axis.scale * 1.4)),
      h("button", { type: "button", class: "plain", on: { click: () => axis.fit(studio.score?.bars.length ?? 16) } }, say("tool.fit")),
    ),
  );
  return bar;
}
