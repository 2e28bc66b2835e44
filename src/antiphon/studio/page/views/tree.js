// The takes as a tree: where each came from, its name and notes, and a way back to any of them.

import { h, iconButton, put, refill } from "../core/dom.js";
import { reconcile } from "../core/keyed.js";
import { roundName } from "./jobs.js";
import { hear, putSide } from "./cards.js";
import { scoreBadge } from "./judge.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Take} Take */
/** @typedef {{take: Take, depth: number, folded: number}} Line */

/**
 * The tree as lines; a run of edits that led on to one another is one line, its last.
 * @param {Iterable<Take>} takes
 * @param {string | null} current
 * @returns {Line[]}
 */
export function treeLines(takes, current) {
  /** @type {Map<string | null, Take[]>} */
  const children = new Map();
  const known = new Map([...takes].filter((take) => !take.removed).map((take) => [take.id, take]));
  for (const take of known.values()) {
    const parent = take.parent && known.has(take.parent) ? take.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), take]);
  }
  /** @type {Line[]} */
  const lines = [];
  const walk = (/** @type {Take} */ first, /** @type {number} */ depth) => {
    let take = first;
    let folded = 0;
    for (;;) {
      const next = children.get(take.id) ?? [];
      if (take.verb !== "edit" || next.length !== 1 || next[0].verb !== "edit" || take.notes || take.id === current) break;
      take = next[0];
      folded += 1;
    }
    lines.push({ take, depth, folded });
    for (const child of (children.get(take.id) ?? []).sort((a, b) => a.created - b.created)) walk(child, depth + 1);
  };
  for (const root of (children.get(null) ?? []).sort((a, b) => a.created - b.created)) walk(root, 0);
  return lines;
}

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function tree(studio, until) {
  const { say } = studio;
  const list = h("ul", { class: "tree", role: "tree", "aria-label": say("tree.label") });
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => walkKeys(event, list));
  const refresh = () => {
    reconcile(list, treeLines(studio.takes.values(), studio.current).map(({ take, depth, folded }) => {
      const current = take.id === studio.current;
      const sign = JSON.stringify([take.name, take.notes, take.verdict?.score, take.chosen, depth, folded, current, studio.words.language]);
      return { key: take.id, sign, make: () => line(studio, take, depth, folded) };
    }));
    const items = list.querySelectorAll('[role="treeitem"]');
    const home = list.querySelector('[aria-current="true"]') ?? items[0];
    for (const item of items) /** @type {HTMLElement} */ (item).tabIndex = item === home ? 0 : -1;
  };
  const away = h("details", { class: "small" });
  const drawAway = () => {
    const removed = [...studio.takes.values()].filter((take) => take.removed);
    away.hidden = removed.length === 0;
    refill(away, h("summary", {}, say("tree.away", { n: removed.length })), removed.map((take) => h("div", { class: "row" }, h("span", { class: "grow" }, take.name), h("button", { type: "button", on: { click: () => bringBack(studio, take) } }, say("project.restore")))));
  };
  for (const name of ["takes", "state"]) {
    studio.bus.on(name, refresh, until);
    studio.bus.on(name, drawAway, until);
  }
  refresh();
  drawAway();
  return h("div", { class: "stack" }, h("p", { class: "small quiet" }, say("tree.help")), list, away);
}

/** @param {Studio} studio @param {Take} take */
async function bringBack(studio, take) {
  const state = await studio.attempt(() => studio.api.post("/api/takes/{id}/restore", { id: take.id }));
  if (state) studio.takeIn(state);
}

/** @param {Studio} studio @param {Take} take @param {number} depth @param {number} folded */
function line(studio, take, depth, folded) {
  const { say } = studio;
  const current = take.id === studio.current;
  const label = folded ? say("tree.edits", { n: folded + 1, name: take.name }) : take.name;
  const choose = () => studio.choose(take.id);
  const name = h(
    "button",
    { type: "button", class: "plain tree-name", tabindex: "-1", title: take.name, on: { click: choose } },
    h("span", { class: "tree-label" }, label),
    h("span", { class: "small quiet" }, take.name === roundName(studio, take.verb, take.asked) ? "" : roundName(studio, take.verb, take.asked)),
  );
  const item = h(
    "li",
    {
      role: "treeitem", class: current ? "tree-line current" : "tree-line", "aria-level": String(depth + 1), "aria-current": current ? "true" : null,
      "aria-label": label, css: { "--depth": String(Math.min(depth, 10)) },
    },
    name,
    scoreBadge(studio, take),
    iconButton("play", say("card.play", { name: take.name }), () => hear(studio, take.id), { class: "plain small-round", tabindex: "-1" }),
    iconButton("pencil", say("tree.rename", { name: take.name }), () => rename(studio, take), { class: "plain small-round", tabindex: "-1" }),
  );
  if (take.notes) put(item, h("p", { class: "small tree-notes" }, take.notes));
  item.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.target !== item) return;
    /** @type {Record<string, () => unknown>} */
    const deeds = { Enter: choose, p: () => hear(studio, take.id), F2: () => rename(studio, take), a: () => putSide(studio, 0, take.id), b: () => putSide(studio, 1, take.id) };
    const deed = deeds[event.key];
    if (!deed || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    deed();
  });
  return item;
}

/** Up and down between the lines. @param {KeyboardEvent} event @param {HTMLElement} list */
function walkKeys(event, list) {
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="treeitem"]')]);
  const at = items.indexOf(/** @type {any} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  const to = targets[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const next = items[Math.max(0, Math.min(items.length - 1, to))];
  items[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** Name and notes of a take. @param {Studio} studio @param {Take} take */
export function rename(studio, take) {
  const { say } = studio;
  const name = h("input", { id: "take-name", value: take.name, maxlength: "200" });
  const notes = h("textarea", { id: "take-notes", rows: "4", maxlength: "4000", value: take.notes });
  const box = h("dialog", { "aria-labelledby": "take-title" });
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    box.close();
    const changed = await studio.attempt(() => studio.api.patch("/api/takes/{id}", { id: take.id }, { name: name.value.trim() || take.name, notes: notes.value }));
    if (!changed) return;
    studio.takes.set(changed.id, changed);
    studio.bus.emit("takes");
  };
  const remove = async () => {
    box.close();
    const state = await studio.attempt(() => studio.api.remove("/api/takes/{id}", { id: take.id }));
    if (state) studio.takeIn(state);
  };
  put(
    box,
    h(
      "form",
      { class: "stack", on: { submit: save } },
      h("h2", { id: "take-title" }, say("tree.title")),
      h("label", { for: "take-name" }, say("tree.name")),
      name,
      h("label", { for: "take-notes" }, say("tree.notes")),
      notes,
      h(
        "div",
        { class: "row" },
        h("button", { type: "submit", class: "primary" }, say("save")),
        h("button", { type: "button", class: "plain", on: { click: () => box.close() } }, say("cancel")),
        h("span", { class: "grow" }),
        take.id === studio.current ? null : h("button", { type: "button", class: "danger", on: { click: remove } }, say("tree.remove")),
      ),
    ),
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}
