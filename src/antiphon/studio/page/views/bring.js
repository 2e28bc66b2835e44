// Bringing music in: dropped on the page or chosen, one file or many, each becomes a take to go on from.

import { h, put } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

/**
 * All files of a drop, folders opened.
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.length) return [...transfer.files];
  /** @type {File[]} */
  const files = [];
  const walk = async (/** @type {any} */ entry) => {
    if (entry.isFile) files.push(await new Promise((done, fail) => entry.file(done, fail)));
    else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const batch = /** @type {any[]} */ (await new Promise((done, fail) => reader.readEntries(done, fail)));
        if (!batch.length) return;
        for (const child of batch) await walk(child);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return files;
}

/** Does the server read files of this name? @param {Studio} studio @param {string} name */
function readable(studio, name) {
  const lower = name.toLowerCase();
  return lower.endsWith(".zip") || (studio.options?.limits.readable ?? []).some((suffix) => lower.endsWith(suffix.startsWith(".") ? suffix : `.${suffix}`));
}

/**
 * Read files into the project at hand (one is made, named after the first file, where there is none).
 * @param {Studio} studio
 * @param {File[]} files
 */
export async function bring(studio, files) {
  const known = files.filter((file) => readable(studio, file.name));
  if (!known.length) {
    studio.bus.emit("trouble", new Error(studio.say("bring.unknown", { list: (studio.options?.limits.readable ?? []).join(" ") })));
    return;
  }
  let brought = 0;
  for (const file of known) {
    /** @type {Record<string, string>} */
    const query = { name: file.name };
    if (studio.project) query.project = studio.project.id;
    const state = await studio.attempt(() => studio.api.post("/api/import", {}, file, query));
    if (!state) continue;
    studio.takeIn(state);
    brought += 1;
  }
  if (!brought) return;
  studio.bus.emit("news", studio.say(brought === 1 ? "bring.one" : "bring.many", { n: brought, name: known[0].name }));
  location.hash = "#work";
}

/** Make the whole page a place to drop music on, save where a part has its own. @param {Studio} studio @param {AbortSignal} until */
export function dropAnywhere(studio, until) {
  const veil = h("div", { class: "veil", hidden: true }, h("p", {}, studio.say("bring.drop")));
  document.body.append(veil);
  until.addEventListener("abort", () => veil.remove());
  const own = (/** @type {Event} */ event) => event.target instanceof Element && event.target.closest("[data-drop]");
  let depth = 0;
  const options = { signal: until };
  addEventListener("dragenter", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    depth += 1;
    veil.hidden = Boolean(own(event));
  }, options);
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) veil.hidden = true;
  }, options);
  addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  }, options);
  addEventListener("drop", async (event) => {
    depth = 0;
    veil.hidden = true;
    if (!event.dataTransfer?.types.includes("Files") || own(event)) return;
    event.preventDefault();
    await bring(studio, await droppedFiles(event.dataTransfer));
  }, options);
}

/** A button that opens the system's file window. @param {Studio} studio @param {string} [text] */
export function openButton(studio, text = studio.say("bring.open")) {
  const input = h("input", { type: "file", multiple: true, accept: [...(studio.options?.limits.readable ?? []), ".zip"].join(","), class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  input.addEventListener("change", async () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    /** @type {HTMLDialogElement | null} */ (input.closest("dialog"))?.close();
    await bring(studio, files);
  });
  const button = h("button", { type: "button", on: { click: () => input.click() } });
  put(button, text);
  return h("span", {}, button, input);
}
