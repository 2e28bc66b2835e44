// The chords above the bars: each can be changed on the spot, and the rest written anew from there.

import { chordsByBar, barTicks } from "../music/score.js";
import { h, put, refill } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

/** A row of chord buttons that scrolls with the axis. */
export class ChordRow {
  /** @param {Studio} studio @param {import("./axis.js").Axis} axis @param {AbortSignal} until */
  constructor(studio, axis, until) {
    this.studio = studio;
    this.axis = axis;
    this.element = h("div", { class: "chord-row", role: "toolbar", "aria-label": studio.say("chords.row") });
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    studio.bus.on("axis", (what) => what === "scale" && this.draw(), until);
    studio.bus.on("score", () => this.draw(), until);
  }

  draw() {
    const score = this.studio.score;
    const hadFocus = this.element.contains(document.activeElement) ? document.activeElement?.getAttribute("data-bar") : null;
    this.element.replaceChildren();
    if (!score || !this.axis.score) return;
    const ticks = barTicks(score);
    const every = Math.max(1, Math.ceil(38 / Math.max(1, this.axis.barWidth)));
    chordsByBar(score).forEach((chords, index) => {
      if (index % every) return;
      const list = chords.length ? chords : [{ bar: index + 1, beat: 1, tick: ticks[index], chord: /** @type {string | null} */ (""), held: true }];
      const most = Math.max(1, Math.floor(this.axis.barWidth / 42));
      for (const mark of list.slice(0, most)) put(this.element, this.#button(mark, mark.tick === ticks[index]));
    });
    const first = this.element.querySelector(hadFocus ? `[data-bar="${hadFocus}"]` : "button");
    if (first instanceof HTMLElement) {
      first.tabIndex = 0;
      if (hadFocus) first.focus({ preventScroll: true });
    }
  }

  /** @param {{bar: number, beat: number, tick: number, chord: string | null, held: boolean}} mark @param {boolean} first */
  #button(mark, first) {
    const shown = mark.chord === null ? "N.C." : mark.chord || "·";
    const label = this.studio.say("chords.one", { bar: mark.bar, beat: mark.beat, chord: shown });
    return h(
      "button",
      {
        type: "button", class: mark.held ? "chord held" : "chord", tabindex: "-1", "aria-label": label, title: label,
        data: { bar: `${mark.bar}.${mark.beat}` }, css: { left: `${Math.round(mark.tick * this.axis.scale) + (first ? 1 : 0)}px` },
        on: { click: () => this.open(mark) },
      },
      shown,
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll("button")]);
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, at + step))];
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** Ask which chord it shall be. @param {{bar: number, beat: number, chord: string | null}} mark */
  open(mark) {
    const { say } = this.studio;
    const field = h("input", { id: "chord-field", value: mark.chord ?? "N.C.", autocomplete: "off", spellcheck: "false" });
    const box = h("dialog", { "aria-labelledby": "chord-title" });
    const last = this.studio.score?.bars.length ?? mark.bar;
    const leave = () => box.close();
    const put = async (/** @type {string | null} */ chord) => {
      leave();
      const text = chord?.trim();
      const value = text === "N.C." || text === "NC" ? null : text;
      const operation = { op: "chord", bar: mark.bar, beat: mark.beat, chord: value ?? null };
      await this.#send(operation, say("edit.chord", { bar: mark.bar }));
    };
    const reharmonise = async () => {
      leave();
      await this.studio.ask({ verb: "infill", bars: [mark.bar, last], tracks: null, chords: field.value.trim(), adopt: true });
    };
    const form = h(
      "form",
      { class: "stack", method: "dialog", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); put(field.value); } } },
      h("h2", { id: "chord-title" }, say("chords.title", { bar: mark.bar, beat: mark.beat })),
      h("label", { for: "chord-field" }, say("chords.field")),
      field,
      h("p", { class: "small quiet" }, say("chords.help", { bar: mark.bar, last })),
      h(
        "div",
        { class: "row" },
        h("button", { type: "submit", class: "primary" }, say("chords.set")),
        this.studio.can("infill") ? h("button", { type: "button", on: { click: reharmonise } }, say("chords.from")) : null,
        h("button", { type: "button", class: "plain", on: { click: () => put("") } }, say("chords.clear")),
        h("button", { type: "button", class: "plain", on: { click: leave } }, say("cancel")),
      ),
    );
    refill(box, form);
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    box.showModal();
    field.select();
  }

  /** @param {import("../core/types.js").Operation} operation @param {string} label */
  async #send(operation, label) {
    await this.studio.flush();
    this.studio.edit([operation], label);
    await this.studio.flush();
  }
}
