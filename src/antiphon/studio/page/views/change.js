// Changing what is selected: redo, vary, lock, transpose, restyle, delete - or the whole piece where nothing is.

import { h, put, refill } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

/** Selection or the whole piece, as the server wants it. @param {Studio} studio @returns {{bars: [number, number] | null, tracks: string[] | null}} */
function scope(studio) {
  const { selection } = studio;
  return selection ? { bars: [selection.first, selection.last], tracks: selection.tracks } : { bars: null, tracks: null };
}

/** The selection in words. @param {Studio} studio */
export function scopeText(studio) {
  const { selection, say } = studio;
  if (!selection) return say("scope.whole");
  const tracks = selection.tracks ? selection.tracks.map((name) => studio.words.name("role", name)).join(", ") : say("scope.allTracks");
  const key = selection.first === selection.last ? "scope.bar" : "scope.bars";
  return say(key, { first: selection.first, last: selection.last, tracks });
}

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function change(studio, until) {
  const { say } = studio;
  const heading = h("p", { class: "scope", "aria-live": "polite" });
  const place = h("div");
  const showPicker = picker(studio, place);
  const redo = act("change.redo", () => studio.ask({ verb: "infill", ...bars(studio), adopt: true }), "primary");
  const lock = act("change.lock", () => toggleLock(studio));
  const remove = act("change.delete", () => op(studio, { op: "delete", ...scope(studio) }, "edit.deleteScope"), "danger");
  const cut = act("change.cut", () => studio.selection && op(studio, { op: "cut", bars: [studio.selection.first, studio.selection.last] }, "edit.cut"), "danger");
  function act(/** @type {string} */ key, /** @type {() => unknown} */ deed, extra = "") {
    return h("button", { type: "button", class: extra, title: say(`${key}Hint`), on: { click: deed } }, say(key));
  }
  const shift = (/** @type {number} */ n) => h("button", { type: "button", "aria-label": say("change.semitones", { n: signed(n) }), on: { click: () => op(studio, { op: "transpose", semitones: n, ...scope(studio) }, "edit.transpose") } }, signed(n));
  const extras = h("div", { class: "stack" });
  const refresh = () => {
    refill(heading, scopeText(studio));
    const here = Boolean(studio.score?.tracks.length);
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (element.querySelectorAll("button"))) button.disabled = !here || button.dataset.can === "no";
    redo.disabled = !here || !studio.can("infill");
    redo.title = studio.can("infill") ? say("change.redoHint") : studio.whyNot("infill");
    cut.disabled = !here || !studio.selection;
    lock.textContent = say(lockedExactly(studio) ? "change.unlock" : "change.lock");
    showPicker();
  };
  const element = h(
    "div",
    { class: "stack change" },
    heading,
    place,
    h("div", { class: "row" }, redo, lock, remove, cut),
    h("div", { class: "row", role: "group", "aria-label": say("change.transpose") }, h("span", { class: "label" }, say("change.transpose")), shift(-12), shift(-1), shift(1), shift(12)),
    extras,
  );
  const rebuild = () => {
    refill(extras, slow(studio));
    refresh();
  };
  for (const name of ["selection", "state", "track"]) studio.bus.on(name, refresh, until);
  let parts = "";
  studio.bus.on("score", () => {
    const now = String(studio.score?.tracks.map((track) => track.name));
    if (now === parts) return refresh();
    parts = now;
    return rebuild();
  }, until);
  studio.bus.on("options", rebuild, until);
  rebuild();
  return element;
}

/** @param {number} n */
function signed(n) {
  return n > 0 ? `+${n}` : `−${-n}`;
}

/** What the model does: vary, restyle, continue, accompany, harmonise, humanise, arrange. @param {Studio} studio */
function slow(studio) {
  const { say, options } = studio;
  if (!options) return null;
  const amount = h("input", { type: "range", id: "vary-amount", min: "0.1", max: "1", step: "0.1", value: "0.5" });
  const style = select("restyle-style", options.styles.map((s) => [s.name, s.mine ? s.title : studio.words.name("style", s.name)]));
  const more = h("input", { type: "number", id: "continue-bars", min: "1", max: String(options.limits.bars), value: "8" });
  const ensemble = select("arrange-ensemble", options.ensembles.map((name) => [name, studio.words.name("ensemble", name)]));
  const roles = [...new Set(options.styles.flatMap((s) => s.tracks))];
  const added = select("accompany-add", roles.map((name) => [name, studio.words.name("role", name)]));
  const fresh = roles.find((name) => !studio.score?.tracks.some((track) => track.name === name));
  if (fresh) added.value = fresh;
  const line = (/** @type {string} */ verb, /** @type {HTMLElement | null} */ field, /** @type {() => Record<string, any>} */ body) => {
    const can = studio.can(verb);
    const button = h("button", { type: "button", disabled: !can, data: { can: can ? "yes" : "no" }, title: can ? say(`do.${verb}Hint`) : studio.whyNot(verb), on: { click: () => studio.ask({ verb, adopt: true, ...body() }) } }, say(`do.${verb}`));
    const label = field?.id ? h("label", { class: "unseen", for: field.id }, say(`do.${verb}Field`)) : null;
    return h("div", { class: "do-line" }, button, label, field ?? h("span", { class: "small quiet" }, say(`do.${verb}Hint`)));
  };
  return [
    line("vary", h("div", { class: "grow" }, h("label", { class: "unseen", for: "vary-amount" }, say("do.varyField")), amount), () => ({ amount: Number(amount.value), ...scope(studio) })),
    line("continue", more, () => ({ bars: Number(more.value) })),
    line("accompany", added, () => ({ add: [added.value] })),
    line("harmonize", null, () => ({})),
    line("restyle", style, () => ({ style: style.value })),
    line("humanize", null, () => ({ amount: 1 })),
    options.ensembles.length ? line("arrange", ensemble, () => ({ ensemble: ensemble.value })) : null,
  ];
}

/** @param {string} id @param {[string, string][]} entries */
function select(id, entries) {
  return h("select", { id }, entries.map(([value, shown]) => h("option", { value }, shown)));
}

/** Redo needs bars: without a selection, all of them. @param {Studio} studio */
function bars(studio) {
  const { bars: chosen, tracks } = scope(studio);
  return { bars: chosen ?? [1, studio.score?.bars.length ?? 1], tracks };
}

/** @param {Studio} studio @param {import("../core/types.js").Operation} operation @param {string} label */
async function op(studio, operation, label) {
  const values = { what: scopeText(studio), n: operation.semitones ? signed(operation.semitones) : "" };
  await studio.flush();
  studio.edit([operation], studio.say(label, values));
  await studio.flush();
}

/** Is just this selection locked? @param {Studio} studio */
function lockedExactly(studio) {
  const { first, last, tracks } = lockOf(studio);
  return studio.locks.some((lock) => lock.first === first && lock.last === last && JSON.stringify(lock.tracks) === JSON.stringify(tracks));
}

/** @param {Studio} studio @returns {import("../core/types.js").Lock} */
function lockOf(studio) {
  const { bars: chosen, tracks } = bars(studio);
  return { first: chosen[0], last: chosen[1], tracks };
}

/** Lock the selection, or unlock it. @param {Studio} studio */
export async function toggleLock(studio) {
  if (!studio.score) return;
  const mine = lockOf(studio);
  const same = (/** @type {import("../core/types.js").Lock} */ lock) => JSON.stringify(lock) === JSON.stringify({ ...lock, ...mine });
  const rest = studio.locks.filter((lock) => !same(lock));
  await studio.setLocks(rest.length < studio.locks.length ? rest : [...rest, mine]);
}

/** Bars by number and tracks by name, for who selects without a pointer. @param {Studio} studio @param {HTMLElement} place */
function picker(studio, place) {
  const { say } = studio;
  /** @type {any[]} */
  let boxes = [];
  let shape = "";
  const field = (/** @type {"first" | "last"} */ which) => h("input", { type: "number", min: "1", "aria-label": say(`scope.${which}`), class: "numbers bar-field" });
  const from = field("first");
  const to = field("last");
  const checks = h("div", { class: "row checks", role: "group", "aria-label": say("scope.tracksLabel") });
  const clear = h("button", { type: "button", class: "plain small", on: { click: () => studio.select(null) } }, say("scope.clear"));
  const choose = () => {
    const last = studio.score?.bars.length ?? 1;
    const clamp = (/** @type {any} */ input) => Math.max(1, Math.min(last, Number(input.value) || 1));
    const [a, b] = [clamp(from), clamp(to)].sort((x, y) => x - y);
    const names = boxes.filter((box) => box.checked).map((box) => box.value);
    studio.select({ first: a, last: b, tracks: names.length === 0 || names.length === boxes.length ? null : names });
  };
  put(place, h("div", { class: "stack", on: { change: choose } }, h("div", { class: "row tight" }, h("span", { class: "label" }, say("scope.barsLabel")), from, "–", to, clear), checks));
  return () => {
    const { score, selection } = studio;
    place.hidden = !score;
    if (!score) return;
    const now = JSON.stringify(score.tracks.map((track) => track.name));
    if (now !== shape) {
      shape = now;
      boxes = score.tracks.map((track) => h("input", { type: "checkbox", value: track.name }));
      refill(checks, boxes.map((box, i) => h("label", { class: "row tight check" }, box, studio.words.name("role", score.tracks[i].name) || "–")));
    }
    const last = score.bars.length;
    for (const [input, value] of /** @type {[any, number][]} */ ([[from, selection?.first ?? 1], [to, selection?.last ?? last]])) {
      input.max = String(last);
      if (document.activeElement !== input) input.value = String(value);
    }
    for (const box of boxes) box.checked = !selection?.tracks || selection.tracks.includes(box.value);
    clear.hidden = !selection;
  };
}
