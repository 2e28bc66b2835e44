// Work under way: what is being written, how far it is, and a way to stop it.

import { h, put } from "../core/dom.js";
import { reconcile } from "../core/keyed.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Job} Job */

const ENDED = ["done", "failed", "cancelled", "interrupted"];
/** Short work that is not worth a line of its own. */
const BRIEF = ["judge", "survey"];

/** A piece of work in a few words. @param {Studio} studio @param {string} verb @param {Record<string, any>} asked */
export function roundName(studio, verb, asked) {
  const name = studio.words.name("verb", verb);
  return Array.isArray(asked?.bars) ? studio.say("rounds.bars", { name, first: asked.bars[0], last: asked.bars[1] }) : name;
}

/** Work under way, with a way to stop it. @param {Studio} studio @param {AbortSignal} until @returns {HTMLElement} */
export function jobList(studio, until) {
  const { say } = studio;
  const list = h("div", { class: "jobs", "aria-live": "polite", "aria-label": say("jobs.label") });
  const refresh = () => {
    const failed = [...studio.jobs.values()].filter((job) => ["failed", "interrupted"].includes(job.state) && !studio.dismissed.has(job.id)).sort((a, b) => b.created - a.created).slice(0, 2);
    const shown = [...studio.running(), ...failed].filter((job) => !BRIEF.includes(job.verb));
    reconcile(list, shown.map((job) => ({ key: job.id, sign: `${job.state}${studio.words.language}`, make: () => jobRow(studio, job) })));
    for (const job of studio.running()) {
      const row = list.querySelector(`[data-key="${CSS.escape(job.id)}"]`);
      const bar = row?.querySelector("progress");
      const text = row?.querySelector(".job-message");
      if (!bar || !text) continue;
      if (job.progress === null) bar.removeAttribute("value");
      else bar.value = job.progress;
      text.textContent = job.state === "queued" ? say("jobs.queued", { n: job.position ?? "" }) : studio.tell(job.message, job.phrases);
    }
  };
  studio.bus.on("jobs", refresh, until);
  refresh();
  return list;
}

/** @param {Studio} studio @param {Job} job */
function jobRow(studio, job) {
  const { say } = studio;
  const name = roundName(studio, job.verb, job.asked);
  const row = h("div", { class: "job card" }, h("strong", {}, name));
  if (!ENDED.includes(job.state)) {
    put(row, h("span", { class: "job-message quiet small grow" }, studio.tell(job.message, job.phrases)), h("progress", { max: "1", "aria-label": name }));
    put(row, h("button", { type: "button", data: { at: "cancel" }, on: { click: () => studio.cancel(job.id) } }, say("cancel")));
    return row;
  }
  row.classList.add("failed");
  put(row, h("span", { class: "grow" }, job.error === null ? say("jobs.interrupted") : studio.tell(job.error, job.phrases)));
  const dismiss = () => {
    studio.dismissed.add(job.id);
    studio.bus.emit("jobs");
  };
  const retry = async () => {
    dismiss();
    await studio.attempt(() => studio.api.post("/api/jobs/{id}/retry", { id: job.id }));
  };
  put(row, h("button", { type: "button", on: { click: retry } }, say("jobs.retry")), h("button", { type: "button", class: "plain", on: { click: dismiss } }, say("dismiss")));
  return row;
}
