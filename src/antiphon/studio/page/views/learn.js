// What the studio learns from its user: the critic from ratings, and a style from the user's own music.

import { fillPath } from "../core/api.js";
import { h, put, refill } from "../core/dom.js";
import { droppedFiles } from "./bring.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Critic} Critic */

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function learn(studio, until) {
  return h("div", { class: "learn" }, critic(studio, until), training(studio, until));
}

/** The critic that learns: what it knows, how well, and how to make it forget. @param {Studio} studio @param {AbortSignal} until */
function critic(studio, until) {
  const { say } = studio;
  const body = h("div", { class: "stack", "aria-live": "polite" });
  const draw = (/** @type {Critic} */ now) => {
    const busy = studio.running().some((job) => job.verb === "update_critic");
    const update = h("button", { type: "button", class: "primary", disabled: busy || now.ratings < now.needed, on: { click: updateCritic } }, say("critic.update"));
    const reset = h("button", { type: "button", disabled: !now.learned, on: { click: resetCritic } }, say("critic.reset"));
    refill(body, h("p", { class: "big-line" }, say("critic.count", { n: now.ratings })));
    if (now.ratings < now.needed) {
      put(body, h("progress", { max: String(now.needed), value: now.ratings, "aria-label": say("critic.enough") }), h("p", { class: "small quiet" }, say("critic.needed", { n: now.needed - now.ratings })));
    }
    put(body, accuracy(studio, now), h("p", { class: "note-box" }, studio.tell(now.sentence, now.phrases)), leans(studio, now), h("div", { class: "row" }, update, reset));
    put(body, h("div", { class: "row" }, h("a", { class: "button", href: fillPath("/api/ratings/export", {}), download: "" }, say("critic.export")), h("button", { type: "button", class: "danger", disabled: !now.ratings, on: { click: forget } }, say("critic.forget"))));
  };
  const refresh = async () => {
    const now = await studio.attempt(() => studio.api.get("/api/critic"));
    if (now) draw(now);
  };
  const updateCritic = async () => {
    const job = await studio.attempt(() => studio.api.post("/api/critic/update"));
    if (job) studio.bus.emit("news", say("critic.learning"));
  };
  const resetCritic = async () => {
    const now = await studio.attempt(() => studio.api.post("/api/critic/reset"));
    if (now) draw(now);
  };
  const forget = async () => {
    if (!confirm(say("critic.forgetSure"))) return;
    await studio.attempt(() => studio.api.remove("/api/ratings"));
    if (studio.project) await studio.attempt(() => studio.openProject(/** @type {any} */ (studio.project).id));
    refresh();
  };
  studio.bus.on("critic", draw, until);
  studio.bus.on("rated", refresh, until);
  studio.bus.on("ended", (job) => job.verb === "update_critic" && refresh(), until);
  refresh();
  return h("section", { class: "card pad stack", "aria-label": say("critic.title") }, h("h2", {}, say("critic.title")), h("p", { class: "quiet" }, say("critic.help")), body);
}

/** How often it foretells a choice that it has not seen, with its interval. @param {Studio} studio @param {Critic} now */
function accuracy(studio, now) {
  if (now.accuracy === null) return null;
  const [low, high] = now.interval ?? [now.accuracy, now.accuracy];
  const percent = (/** @type {number} */ share) => Math.round(share * 100);
  const text = studio.say("critic.accuracy", { n: percent(now.accuracy), low: percent(low), high: percent(high) });
  const bar = h(
    "div",
    { class: "gauge", role: "img", "aria-label": text },
    h("span", { class: "gauge-range", css: { left: `${percent(low)}%`, width: `${Math.max(1, percent(high) - percent(low))}%` } }),
    h("span", { class: "gauge-half", title: studio.say("critic.chance") }),
    h("span", { class: "gauge-point", css: { left: `${percent(now.accuracy)}%` } }),
  );
  return h("div", { class: "stack" }, h("p", {}, text), bar);
}

/** @param {Studio} studio @param {Critic} now */
function leans(studio, now) {
  if (!now.leans?.length) return null;
  const most = Math.max(...now.leans.map((lean) => Math.abs(lean.weight)), 1e-9);
  return h(
    "details",
    {},
    h("summary", {}, studio.say("critic.leans")),
    h("ul", { class: "leans small" }, now.leans.map((lean) => h("li", {}, h("span", {}, lean.feature), h("span", { class: "numbers" }, (lean.weight > 0 ? "+" : "−") + Math.abs(lean.weight).toFixed(2)), h("meter", { min: "0", max: "1", value: String(Math.abs(lean.weight) / most), "aria-hidden": "true" })))),
  );
}

/** Learning a style from the user's own files. @param {Studio} studio @param {AbortSignal} until */
function training(studio, until) {
  const { say } = studio;
  const body = h("div", { class: "stack" });
  const mine = h("div", { class: "stack" });
  const panel = new TrainingPanel(studio, body);
  const drawMine = () => {
    const styles = (studio.options?.styles ?? []).filter((style) => style.mine);
    refill(mine, styles.length ? h("h3", {}, say("train.mine")) : null, styles.map((style) => h("div", { class: "row" }, h("span", { class: "grow" }, style.title), h("button", { type: "button", class: "danger", on: { click: () => panel.remove(style.name, style.title) } }, say("train.remove")))));
  };
  studio.bus.on("options", () => {
    panel.draw();
    drawMine();
  }, until);
  studio.bus.on("jobs", () => panel.progress(), until);
  panel.draw();
  drawMine();
  return h("section", { class: "card pad stack", "aria-label": say("train.title") }, h("h2", {}, say("train.title")), h("p", { class: "quiet" }, say("train.help")), body, mine);
}

/** Files in, report, name, learn: one step after the other. */
class TrainingPanel {
  /** @param {Studio} studio @param {HTMLElement} body */
  constructor(studio, body) {
    this.studio = studio;
    this.body = body;
    /** @type {string | null} */
    this.upload = null;
    /** @type {string | null} */
    this.job = null;
    this.stage = "";
  }

  draw() {
    const { say, options } = this.studio;
    if (this.upload || this.job) return;
    if (!options?.verbs.train) {
      refill(this.body, h("p", { class: "note-box warn" }, options?.reasons.train ? this.studio.whyNot("train") : say("train.missing")));
      return;
    }
    const input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", on: { change: () => this.take([...(input.files ?? [])]) } });
    const folder = h("input", { type: "file", multiple: true, webkitdirectory: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", on: { change: () => this.take([...(folder.files ?? [])]) } });
    const zone = h(
      "div",
      { class: "drop-zone", data: { drop: "train" } },
      h("p", {}, say("train.drop")),
      h("div", { class: "row centre" }, h("button", { type: "button", on: { click: () => folder.click() } }, say("train.folder")), h("button", { type: "button", on: { click: () => input.click() } }, say("train.files"))),
      input,
      folder,
    );
    zone.addEventListener("drop", async (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      if (event.dataTransfer) this.take(await droppedFiles(event.dataTransfer));
    });
    refill(this.body, zone);
  }

  /** @param {File[]} files */
  async take(files) {
    const { say, api, options } = this.studio;
    const readable = [...(options?.limits.readable ?? []), ".zip"];
    const good = files.filter((file) => readable.some((suffix) => file.name.toLowerCase().endsWith(suffix)));
    if (!good.length) {
      this.studio.bus.emit("news", say("train.nothing"));
      return;
    }
    const line = h("p", { "aria-live": "polite" });
    const bar = h("progress", { max: String(good.length), value: 0, "aria-label": say("train.sending") });
    refill(this.body, line, bar);
    for (const [i, file] of good.entries()) {
      line.textContent = say("train.sendingOf", { n: i + 1, all: good.length });
      bar.value = i;
      /** @type {Record<string, string>} */
      const query = this.upload ? { name: file.name, upload: this.upload } : { name: file.name };
      const answer = await this.studio.attempt(() => api.post("/api/training/uploads", {}, file, query));
      if (answer) this.upload = answer.upload;
    }
    if (!this.upload) return this.draw();
    return this.start({ verb: "survey", upload: this.upload }, "survey");
  }

  /** @param {Record<string, any>} body @param {string} stage */
  async start(body, stage) {
    const job = await this.studio.attempt(() => this.studio.api.post("/api/jobs", {}, body));
    if (!job) {
      this.upload = this.job = null;
      return this.draw();
    }
    this.job = job.id;
    this.stage = stage;
    this.studio.jobs.set(job.id, job);
    this.studio.bus.emit("jobs");
    return undefined;
  }

  /** Where the job at hand is; at its end the next step. */
  progress() {
    const job = this.studio.jobs.get(this.job ?? "");
    if (!job) return;
    const { say } = this.studio;
    if (job.state === "queued" || job.state === "running") {
      const bar = h("progress", { max: "1", "aria-label": say(`train.${this.stage}`) });
      if (job.progress !== null) bar.value = job.progress;
      refill(this.body, h("p", {}, say(`train.${this.stage}`), " ", h("span", { class: "quiet" }, this.studio.tell(job.message, job.phrases))), bar, h("div", { class: "row" }, h("button", { type: "button", on: { click: () => this.studio.cancel(job.id) } }, say("cancel"))));
      return;
    }
    this.job = null;
    if (job.state !== "done") {
      this.upload = null;
      this.draw();
      put(this.body, h("p", { class: "note-box bad" }, job.error === null ? say("train.stopped") : this.studio.tell(job.error, job.phrases)));
    } else if (this.stage === "survey") this.report(job.result, job.phrases);
    else this.learnt(job.result, job.phrases);
  }

  /** @param {{pieces: number, refused: {file: string, reason: string}[], sentences: string[]}} report @param {import("../core/types.js").Phrases} phrases */
  report(report, phrases) {
    const { say, options } = this.studio;
    const name = h("input", { id: "train-name", required: true, maxlength: "40", placeholder: say("train.namePlaceholder") });
    const base = h("select", { id: "train-base" }, (options?.styles ?? []).filter((style) => !style.mine).map((style) => h("option", { value: style.name }, this.studio.words.name("style", style.name))));
    const minutes = h("input", { id: "train-minutes", type: "number", min: "1", max: "120", value: "5" });
    const again = () => {
      this.upload = null;
      this.draw();
    };
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.start({ verb: "train", upload: this.upload, name: name.value.trim(), base: base.value, minutes: Number(minutes.value) }, "training");
    };
    refill(
      this.body,
      h("p", { class: "big-line" }, say("train.pieces", { n: report.pieces })),
      h("ul", { class: "small" }, (report.sentences ?? []).map((text) => h("li", {}, this.studio.tell(text, phrases)))),
      report.refused?.length ? h("details", {}, h("summary", {}, say("train.refused", { n: report.refused.length })), h("ul", { class: "small" }, report.refused.map((each) => h("li", {}, `${each.file}: ${this.studio.tell(each.reason, phrases)}`)))) : null,
      h(
        "form",
        { class: "stack", on: { submit } },
        h("label", { for: "train-name" }, say("train.name")),
        name,
        h("div", { class: "row" }, h("label", { for: "train-base" }, say("train.base")), base, h("label", { for: "train-minutes" }, say("train.minutes")), minutes),
        h("div", { class: "row" }, h("button", { type: "submit", class: "primary", disabled: !report.pieces }, say("train.learn")), h("button", { type: "button", class: "plain", on: { click: again } }, say("train.again"))),
      ),
    );
  }

  /** @param {{style: string, sentences: string[]}} result @param {import("../core/types.js").Phrases} phrases */
  learnt(result, phrases) {
    this.upload = null;
    this.draw();
    put(this.body, h("div", { class: "note-box stack" }, h("p", {}, this.studio.say("train.done", { name: result.style })), (result.sentences ?? []).map((text) => h("p", { class: "small" }, this.studio.tell(text, phrases)))));
  }

  /** @param {string} name @param {string} title */
  async remove(name, title) {
    if (!confirm(this.studio.say("train.removeSure", { name: title }))) return;
    await this.studio.attempt(() => this.studio.api.remove("/api/styles/{style}", { style: name }));
  }
}
