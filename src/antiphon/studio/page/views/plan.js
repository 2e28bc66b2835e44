// The plan before the music: form blocks, chords a bar, and an energy curve that can be drawn.

import { h, put, refill } from "../core/dom.js";
import { palette, penFor } from "./paint.js";

/** @typedef {import("../core/types.js").Plan} Plan */

const HEIGHT = 76;
const LEAST_BAR = 26;

/**
 * @param {import("../core/studio.js").Studio} studio
 * @param {AbortSignal} until
 * @returns {{element: HTMLElement, show: (plan: Plan) => void, energy: () => number[] | null, changed: (tell: () => void) => void}}
 */
export function planView(studio, until) {
  const { say } = studio;
  const facts = h("p", { class: "plan-facts numbers" });
  const strip = h("div", { class: "plan-strip" });
  const scroll = h("div", { class: "plan-scroll", tabindex: "0", role: "group", "aria-label": say("plan.label") }, strip);
  const reasons = h("ul", { class: "small quiet plan-reasons" });
  const why = h("details", {}, h("summary", { class: "small" }, say("plan.why")), reasons);
  const unmet = h("p", { class: "note-box warn small", hidden: true });
  const again = h("button", { type: "button", class: "plain small", hidden: true }, say("plan.resetEnergy"));
  const element = h("div", { class: "plan" }, h("div", { class: "row" }, h("h3", { class: "grow" }, say("plan.title")), again), facts, scroll, unmet, why);
  const curve = new EnergyCurve(studio, until);
  /** @type {Plan | null} */
  let shown = null;
  let tell = () => {};
  again.addEventListener("click", () => {
    curve.drawn = null;
    again.hidden = true;
    tell();
  });
  curve.changed = () => {
    again.hidden = false;
    tell();
  };
  const show = (/** @type {Plan} */ plan) => {
    shown = plan;
    const key = plan.key ? studio.words.name("key", plan.key) : say("plan.keyOpen");
    const tempo = plan.tempo ? say("facts.tempo", { n: Math.round(plan.tempo) }) : say("plan.tempoOpen");
    refill(facts, [studio.words.name("style", plan.style), say("facts.bars", { n: plan.bars }), key, plan.meter, tempo].join(" · "));
    refill(reasons, [...(plan.remarks ?? []), ...plan.decisions].map((sentence) => h("li", {}, studio.tell(sentence, plan.phrases))));
    why.hidden = plan.decisions.length + (plan.remarks?.length ?? 0) === 0;
    refill(unmet, (plan.unmet ?? []).map((sentence) => studio.tell(sentence, plan.phrases)).join(" "));
    unmet.hidden = !plan.unmet?.length;
    const longest = Math.max(3, ...(plan.chords ?? []).flat().map((chord) => chord.length));
    strip.style.minWidth = `${plan.bars * Math.max(LEAST_BAR, longest * 7.5 + 4)}px`;
    refill(strip, forms(studio, plan), chords(studio, plan), curve.canvas);
    curve.show(plan);
  };
  studio.bus.on("theme", () => shown && curve.paint(), until);
  return { element, show, energy: () => curve.drawn, changed: (listener) => (tell = listener) };
}

/** @param {import("../core/studio.js").Studio} studio @param {Plan} plan */
function forms(studio, plan) {
  const row = h("div", { class: "plan-forms" });
  const letters = [...new Set(plan.form.map((phrase) => phrase.letter))];
  for (const phrase of plan.form) {
    const name = studio.words.name("section", phrase.letter);
    put(row, h(
      "div",
      { class: `plan-form colour-${(letters.indexOf(phrase.letter) % 8) + 1}`, css: { "flex-grow": String(phrase.bars) }, title: `${name}: ${studio.say("facts.bars", { n: phrase.bars })}` },
      h("b", {}, name),
      " ",
      h("span", { class: "small" }, String(phrase.bars)),
    ));
  }
  return row;
}

/** Chords of each bar; a click rewrites one, and with it the progression becomes a wish. @param {import("../core/studio.js").Studio} studio @param {Plan} plan */
function chords(studio, plan) {
  if (!plan.chords) return h("p", { class: "small quiet plan-nochords" }, studio.say("plan.chordsOpen"));
  const row = h("div", { class: "plan-chords", css: { "grid-template-columns": `repeat(${plan.bars}, minmax(0, 1fr))` } });
  plan.chords.forEach((bar, index) => {
    const text = bar.join(" ");
    const cell = h("button", { type: "button", class: "plan-chord", "aria-label": studio.say("chords.bar", { bar: index + 1, chord: text }) }, text);
    cell.addEventListener("click", () => {
      const field = h("input", { class: "plan-chord-edit", value: text, "aria-label": studio.say("chords.field") });
      let done = false;
      const finish = (/** @type {boolean} */ keep) => {
        if (done) return;
        done = true;
        field.replaceWith(cell);
        cell.focus();
        const value = field.value.trim();
        if (!keep || !value || value === text || !plan.chords) return;
        const bars = plan.chords.map((each, i) => (i === index ? value : each.join(" ")));
        studio.bus.emit("chordsplanned", bars.join(" | "));
      };
      field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        finish(event.key === "Enter");
      });
      field.addEventListener("input", (/** @type {Event} */ event) => event.stopPropagation());
      field.addEventListener("blur", () => finish(true));
      cell.replaceWith(field);
      field.focus();
      field.select();
    });
    put(row, cell);
  });
  return row;
}

/** The energy of each bar, drawn by pointer or set by keys. */
class EnergyCurve {
  /** @param {import("../core/studio.js").Studio} studio @param {AbortSignal} until */
  constructor(studio, until) {
    this.studio = studio;
    /** @type {number[]} */
    this.values = [];
    /** @type {number[] | null} what the user has drawn */
    this.drawn = null;
    this.cursor = 0;
    this.changed = () => {};
    this.canvas = h("canvas", {
      class: "energy", tabindex: "0", role: "slider", "aria-label": studio.say("plan.energy"), "aria-valuemin": "0", "aria-valuemax": "100", title: studio.say("plan.energyHint"),
    });
    this.canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.#draw(event);
    });
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => event.buttons & 1 && this.#draw(event));
    this.canvas.addEventListener("pointerup", () => this.drawn && this.changed());
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.canvas.addEventListener("focus", () => this.paint());
    this.canvas.addEventListener("blur", () => this.paint());
    const watcher = new ResizeObserver(() => this.paint());
    watcher.observe(this.canvas);
    until.addEventListener("abort", () => watcher.disconnect());
  }

  /** @param {Plan} plan */
  show(plan) {
    if (this.drawn && this.drawn.length !== plan.bars) {
      const old = this.drawn;
      this.drawn = plan.energy.map((_, i) => old[Math.min(old.length - 1, Math.floor((i * old.length) / plan.bars))]);
    }
    this.values = this.drawn ?? plan.energy.slice();
    this.cursor = Math.min(this.cursor, this.values.length - 1);
    this.paint();
  }

  paint() {
    const width = this.canvas.clientWidth;
    if (!width || !this.values.length) return;
    const pen = penFor(this.canvas, width, HEIGHT);
    const colours = palette();
    const bar = width / this.values.length;
    const y = (/** @type {number} */ value) => HEIGHT - 6 - value * (HEIGHT - 16);
    pen.beginPath();
    pen.moveTo(0, HEIGHT);
    this.values.forEach((value, i) => {
      if (i === 0) pen.lineTo(0, y(value));
      pen.lineTo((i + 0.5) * bar, y(value));
      if (i === this.values.length - 1) pen.lineTo(width, y(value));
    });
    pen.lineTo(width, HEIGHT);
    pen.fillStyle = colours["accent-soft"];
    pen.fill();
    pen.beginPath();
    this.values.forEach((value, i) => pen[i ? "lineTo" : "moveTo"]((i + 0.5) * bar, y(value)));
    pen.strokeStyle = colours.accent;
    pen.lineWidth = 2.2;
    pen.lineJoin = "round";
    pen.stroke();
    if (document.activeElement === this.canvas) {
      pen.beginPath();
      pen.arc((this.cursor + 0.5) * bar, y(this.values[this.cursor]), 6, 0, 7);
      pen.fillStyle = colours.focus;
      pen.fill();
    }
    const percent = Math.round(this.values[this.cursor] * 100);
    this.canvas.setAttribute("aria-valuenow", String(percent));
    this.canvas.setAttribute("aria-valuetext", this.studio.say("plan.energyAt", { bar: this.cursor + 1, n: percent }));
  }

  /** @param {PointerEvent} event */
  #draw(event) {
    const bars = this.values.length;
    const at = Math.max(0, Math.min(bars - 1, Math.floor((event.offsetX / this.canvas.clientWidth) * bars)));
    const value = Math.max(0, Math.min(1, (HEIGHT - 6 - event.offsetY) / (HEIGHT - 16)));
    this.drawn = this.values = this.values.slice();
    const from = this.last ?? { at, value };
    const steps = Math.max(1, Math.abs(at - from.at));
    for (let i = 0; i <= steps; i++) {
      const share = i / steps;
      this.values[Math.round(from.at + (at - from.at) * share)] = Math.round((from.value + (value - from.value) * share) * 100) / 100;
    }
    this.last = { at, value };
    this.cursor = at;
    this.paint();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const rise = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (step === undefined && rise === undefined) return;
    event.preventDefault();
    if (step !== undefined) this.cursor = Math.max(0, Math.min(this.values.length - 1, this.cursor + step));
    if (rise !== undefined) {
      this.drawn = this.values = this.values.slice();
      this.values[this.cursor] = Math.max(0, Math.min(1, Math.round((this.values[this.cursor] + rise) * 100) / 100));
      this.changed();
    }
    this.paint();
  }
}
