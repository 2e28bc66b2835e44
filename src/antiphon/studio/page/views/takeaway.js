// Taking music away: single files at once, or everything in one zip with its manifest.

import { fillPath } from "../core/api.js";
import { h, put, refill } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

const FILES = ["piece.mid", "piece.musicxml", "piece.abc"];

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function takeaway(studio, until) {
  const { say } = studio;
  const single = h("div", { class: "row" });
  const form = h("form", { class: "stack" });
  const result = h("div", { class: "stack", "aria-live": "polite" });
  /** @type {string | null} */
  let waiting = null;
  const refresh = () => {
    const { take } = studio;
    refill(single, take ? FILES.map((name) => h("a", { class: "button", download: "", href: fillPath("/api/takes/{id}/files/{name}", { id: take.id, name }) }, name.split(".")[1].toUpperCase())) : null);
  };
  const build = () => {
    const { options } = studio;
    if (!options) return;
    const audio = options.audio.map((name) => check(`audio-${name}`, name.toUpperCase(), name === "wav", true));
    const stems = check("stems", say("export.stems"), true, true);
    const pdf = check("pdf", say(options.pdf ? "export.pdf" : "export.noPdf"), options.pdf, options.pdf);
    const button = h("button", { type: "submit", class: "primary" }, say("export.zip"));
    refill(form, h("div", { class: "row checks", role: "group", "aria-label": say("export.audio") }, audio.map((each) => each.label)), stems.label, pdf.label, h("div", { class: "row" }, button));
    form.onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const chosen = options.audio.filter((_, i) => audio[i].box.checked);
      const job = await studio.ask({ verb: "export", take: studio.current, audio: chosen, stems: stems.box.checked, pdf: pdf.box.checked });
      if (!job) return;
      waiting = job.id;
      refill(result, h("p", { class: "quiet" }, say("export.busy")));
    };
  };
  studio.bus.on("ended", (/** @type {import("../core/types.js").Job} */ job) => {
    if (job.id !== waiting) return;
    refill(result, job.state === "done" ? done(studio, job.result, job.phrases) : h("p", { class: "note-box bad" }, job.error === null ? say("jobs.interrupted") : studio.tell(job.error, job.phrases)));
    if (job.state === "done") /** @type {HTMLElement | null} */ (result.querySelector("a"))?.click();
  }, until);
  for (const name of ["state", "takes"]) studio.bus.on(name, refresh, until);
  studio.bus.on("options", build, until);
  refresh();
  build();
  return h("div", { class: "stack" }, h("h3", {}, say("export.single")), single, h("h3", {}, say("export.all")), h("p", { class: "small quiet" }, say("export.help")), form, result);
}

/** @param {string} name @param {string} text @param {boolean} on @param {boolean} can */
function check(name, text, on, can) {
  const box = h("input", { type: "checkbox", name, disabled: !can });
  box.checked = on;
  return { box, label: h("label", { class: "row tight check" }, box, text) };
}

/** @param {Studio} studio @param {{url: string, name: string, bytes: number, files: string[], notes: string[]}} result @param {import("../core/types.js").Phrases} phrases */
function done(studio, result, phrases) {
  const size = (result.bytes / 1e6).toFixed(1);
  const box = h("div", { class: "note-box stack" }, h("a", { href: result.url, download: result.name, class: "button primary-link" }, studio.say("export.download", { name: result.name, size })));
  for (const note of result.notes ?? []) put(box, h("p", { class: "small" }, studio.tell(note, phrases)));
  return box;
}
