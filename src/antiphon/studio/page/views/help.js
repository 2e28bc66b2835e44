// The keys that the page knows, shown on request.

import { h, put } from "../core/dom.js";

/** Key -> the text that says what it does. @type {[string[], string][]} */
export const KEYS = [
  [["Space"], "keys.play"],
  [["Ctrl", "Z"], "keys.undo"],
  [["Ctrl", "Shift", "Z"], "keys.redo"],
  [["L"], "keys.loop"],
  [["X"], "keys.pair"],
  [["D"], "keys.draw"],
  [["K"], "keys.lock"],
  [["R"], "keys.redoBars"],
  [["←", "→"], "keys.walk"],
  [["Shift", "→"], "keys.extend"],
  [["Alt", "↑"], "keys.pitch"],
  [["Alt", "→"], "keys.time"],
  [["Alt", "Shift", "→"], "keys.length"],
  [["+", "−"], "keys.velocity"],
  [["N"], "keys.insert"],
  [["Delete"], "keys.delete"],
  [["Esc"], "keys.escape"],
  [["?"], "keys.help"],
];

/** @param {import("../core/studio.js").Studio} studio */
export function showHelp(studio) {
  const { say } = studio;
  const box = h("dialog", { "aria-labelledby": "help-title" });
  const rows = KEYS.map(([keys, text]) => h("div", { class: "key-row" }, h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, say(text))));
  put(box, h("div", { class: "stack" }, h("h2", { id: "help-title" }, say("keys.title")), h("dl", { class: "key-list" }, rows), h("div", {}, h("button", { type: "button", class: "primary", on: { click: () => box.close() } }, say("close")))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}
