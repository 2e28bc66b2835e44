// The left edge of the desk: each track's name, mute, solo and volume, and the keys of the note editor.

import { h, refill } from "../core/dom.js";
import { LANE } from "./lanes.js";
import { TRACK_COLOURS } from "./paint.js";

/** Track heads beside the lanes. */
export class Heads {
  /** @param {import("../core/studio.js").Studio} studio @param {import("./notes.js").Notes} notes @param {AbortSignal} until */
  constructor(studio, notes, until) {
    this.studio = studio;
    this.list = h("div", { class: "heads-list" });
    const caption = h("span", { class: "small quiet" }, studio.say("desk.chords"));
    const velocity = h("div", { class: "velocity-head small quiet" }, studio.say("desk.velocity"));
    this.element = h("div", { class: "heads" }, h("div", { class: "heads-top" }, caption), this.list, notes.keys, velocity);
    this.shape = "";
    studio.bus.on("score", () => this.draw(), until);
    studio.bus.on("track", () => this.draw(), until);
    studio.bus.on("player", () => this.draw(), until);
    studio.bus.on("options", () => this.draw(), until);
  }

  draw() {
    const tracks = this.studio.score?.tracks ?? [];
    const player = this.studio.player;
    const shape = JSON.stringify([
      this.studio.activeTrack,
      tracks.map((t) => {
        const { mute, solo } = player.channel(t.name);
        return [t.name, t.instrument, mute, solo];
      }),
    ]);
    if (shape === this.shape) return;
    const focus = this.list.contains(document.activeElement) ? document.activeElement?.getAttribute("data-at") : null;
    this.shape = shape;
    refill(this.list, tracks.map((track, index) => this.#head(track, index)));
    if (focus) /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-at="${CSS.escape(focus)}"]`))?.focus();
  }

  /** @param {import("../core/types.js").Track} track @param {number} index */
  #head(track, index) {
    const { say, player } = this.studio;
    const channel = player.channel(track.name);
    const active = index === this.studio.activeTrack;
    const shown = this.studio.words.name("role", track.name) || say("track.unnamed", { n: index + 1 });
    const flip = (/** @type {"mute" | "solo"} */ what) => () => player.setChannel(track.name, { [what]: !player.channel(track.name)[what] });
    const activate = () => {
      this.studio.activeTrack = index;
      this.studio.bus.emit("track");
      this.studio.bus.emit("selection");
    };
    const toggle = (/** @type {"mute" | "solo"} */ what) =>
      h(
        "button",
        {
          type: "button", class: `switch ${what}`, "aria-pressed": String(channel[what]), title: say(`track.${what}`), data: { at: `${what}${index}` },
          "aria-label": say(`track.${what}Of`, { name: shown }), on: { click: flip(what) },
        },
        say(`track.${what}Short`),
      );
    return h(
      "div",
      { class: active ? "head active" : "head", css: { height: `${LANE}px` } },
      h("span", { class: `swatch colour-${(index % TRACK_COLOURS) + 1}`, "aria-hidden": "true" }),
      h(
        "button",
        {
          type: "button", class: "head-name plain", "aria-pressed": String(active), title: `${track.name} - ${track.instrument}`,
          data: { at: `name${index}` }, on: { click: activate },
        },
        shown,
      ),
      toggle("mute"),
      toggle("solo"),
      h("input", {
        type: "range", min: "0", max: "1", step: "0.02", class: "volume", value: String(channel.volume), data: { at: `volume${index}` },
        "aria-label": say("track.volumeOf", { name: shown }),
        on: { input: (/** @type {any} */ e) => player.setChannel(track.name, { volume: Number(e.target.value) }) },
      }),
    );
  }
}
