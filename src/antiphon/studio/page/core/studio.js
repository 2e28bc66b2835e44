// The studio's memory: project, takes, selection and the piece on the desk, kept in step with the server.

import { Api, Refusal } from "./api.js";
import { Bus } from "./bus.js";
import { Words, recall, remember } from "./i18n.js";
import { Player } from "../sound/player.js";
import { applyOperations } from "../music/score.js";

/** @typedef {import("./types.js").Take} Take */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Score} Score */
/** @typedef {import("./types.js").Operation} Operation */
/** @typedef {import("./types.js").Selection} Selection */

const INFILLING = ["infill", "continue", "vary", "harmonize", "accompany", "restyle"];
const ENDED = ["done", "failed", "cancelled", "interrupted"];

/**
 * Events on the bus: "takes" (list or one of them), "jobs", "state" (current, locks, history), "score" (the piece on the
 * desk), "selection", "trouble" (an Error), "news" (a sentence), "player", "options", "critic", "line" (connection).
 */
export class Studio {
  constructor() {
    this.api = new Api();
    this.bus = new Bus();
    this.words = new Words();
    this.player = new Player(this.bus, (take, signal) => this.#sound(take, signal));
    /** @type {import("./types.js").Options | null} */
    this.options = null;
    /** @type {import("./types.js").Project | null} */
    this.project = null;
    /** @type {Map<string, Take>} */
    this.takes = new Map();
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {string | null} */
    this.current = null;
    /** @type {import("./types.js").Lock[]} */
    this.locks = [];
    /** @type {import("./types.js").History} */
    this.history = { undo: null, redo: null, depth: 0, position: 0, phrases: {} };
    /** @type {Score | null} the piece on the desk, with edits that the server has not answered yet */
    this.score = null;
    /** @type {Selection | null} */
    this.selection = null;
    this.activeTrack = 0;
    /** @type {[string | null, string | null]} the two takes compared */
    this.pair = [null, null];
    /** @type {Map<string, Promise<Score>>} */
    this.scores = new Map();
    /** @type {{operations: Operation[], label: string}[]} */
    this.unsent = [];
    this.sending = false;
    this.connected = true;
    /** @type {Set<string>} failed jobs that the reader has put away */
    this.dismissed = new Set();
  }

  /** A text in the reader's language. */
  say = (/** @type {string} */ key, /** @type {Record<string, string | number> | undefined} */ values = undefined) =>
    this.words.say(key, values);

  /** A sentence of the server's in the reader's language. @param {string} sentence @param {import("./types.js").Phrases | undefined} phrases */
  tell = (sentence, phrases) => this.words.tell(sentence, phrases?.[sentence]);

  /** What went wrong, in the reader's language. @param {unknown} error */
  wrong(error) {
    if (error instanceof Refusal) return this.words.tell(error.message, error.phrase);
    return error instanceof Error ? error.message : String(error);
  }

  /** What one step would undo or do again, in words. @param {"undo" | "redo"} way @returns {string | null} */
  would(way) {
    const label = this.history[way];
    return label === null ? null : this.tell(label, this.history.phrases);
  }

  async start() {
    await this.api.open();
    this.options = await this.api.get("/api/options");
    const wanted = recall("project");
    const { projects } = await this.api.get("/api/projects");
    const found = projects.find((/** @type {any} */ p) => p.id === wanted) ?? projects[0];
    if (found) await this.openProject(found.id);
    this.api.events((name, data) => this.#hear(name, data));
  }

  /** Do something with the server; what it refuses is shown. @template T @param {() => Promise<T>} deed @returns {Promise<T | null>} */
  async attempt(deed) {
    try {
      return await deed();
    } catch (error) {
      this.bus.emit("trouble", error);
      return null;
    }
  }

  /** @param {string} id */
  async openProject(id) {
    this.takeIn(await this.api.get("/api/projects/{id}", { id }));
  }

  /** The project at hand, made on first need. @returns {Promise<string>} */
  async needProject() {
    if (!this.project) this.takeIn(await this.api.post("/api/projects", {}, { name: this.say("project.first") }));
    return /** @type {any} */ (this.project).id;
  }

  /** Believe the server. @param {State} state */
  takeIn(state) {
    const other = this.project?.id !== state.project.id;
    this.project = state.project;
    if (other) {
      this.takes.clear();
      this.jobs.clear();
      this.selection = null;
      this.pair = [null, null];
      this.score = null;
      this.unsent = [];
      remember("project", state.project.id);
    }
    for (const take of state.takes ?? []) this.takes.set(take.id, take);
    for (const job of state.jobs ?? []) this.jobs.set(job.id, job);
    this.locks = state.locks;
    this.history = state.history;
    const moved = this.current !== state.current || other;
    this.current = state.current;
    if (moved) this.#desk();
    this.bus.emit("takes");
    this.bus.emit("jobs");
    this.bus.emit("state");
  }

  /** @returns {Take | null} */
  get take() {
    return this.takes.get(this.current ?? "") ?? null;
  }

  /** A take's notes; asked for once, for they never change. @param {string} id @returns {Promise<Score>} */
  scoreOf(id) {
    let score = this.scores.get(id);
    if (!score) {
      score = this.api.get("/api/takes/{id}/score", { id }).then((found) => ({ ...found, take: id }));
      score.catch(() => this.scores.delete(id));
      this.scores.set(id, score);
    }
    return score;
  }

  /** Lay the current take on the desk. */
  async #desk() {
    const id = this.current;
    if (!id) {
      this.score = null;
      this.bus.emit("score");
      return;
    }
    const score = await this.attempt(() => this.scoreOf(id));
    if (!score || this.current !== id || this.unsent.length || this.sending) return;
    const follow = !this.player.take || this.player.take === this.score?.take;
    this.score = score;
    this.activeTrack = Math.min(this.activeTrack, Math.max(0, score.tracks.length - 1));
    if (this.selection && this.selection.first > score.bars.length) this.selection = null;
    if (follow || !this.player.playing) this.player.load(score, id);
    this.bus.emit("score");
  }

  /**
   * Change the piece: shown at once, sent in order; several made while one is under way go together.
   * @param {Operation[]} operations
   * @param {string} label
   */
  edit(operations, label) {
    if (!operations.length || !this.score) return;
    const before = this.score;
    this.score = applyOperations(before, operations);
    if (this.player.take === before.take) this.player.load(this.score, before.take, false);
    const last = this.unsent.at(-1);
    if (last && last.label === label && last.operations.length < 3000) last.operations.push(...operations);
    else this.unsent.push({ operations, label });
    this.bus.emit("score");
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.flush(), 160);
  }

  /** Send what is unsent. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    while (this.unsent.length && this.current) {
      const { operations, label } = this.unsent[0];
      const id = this.current;
      try {
        const { take, state } = await this.api.post("/api/takes/{id}/edit", { id }, { operations, label });
        this.unsent.shift();
        this.takes.set(take.id, take);
        this.current = take.id;
        this.project = state.project;
        this.history = state.history;
        this.locks = state.locks;
      } catch (error) {
        this.unsent = [];
        this.bus.emit("trouble", error);
      }
    }
    this.sending = false;
    this.bus.emit("takes");
    this.bus.emit("state");
    await this.#desk();
  }

  /** @param {"undo" | "redo"} way */
  async step(way) {
    await this.flush();
    const id = this.project?.id;
    if (!id) return;
    const label = this.would(way);
    const state = await this.attempt(() =>
      way === "undo" ? this.api.post("/api/projects/{id}/undo", { id }) : this.api.post("/api/projects/{id}/redo", { id }),
    );
    if (!state) return;
    this.takeIn(state);
    this.bus.emit("news", this.say(way === "undo" ? "news.undone" : "news.redone", { what: label ?? "" }));
  }

  /** @param {string} take */
  async choose(take) {
    const id = this.project?.id;
    if (!id || this.current === take) return;
    const state = await this.attempt(() => this.api.put("/api/projects/{id}/current", { id }, { take }));
    if (state) this.takeIn(state);
  }

  /** @param {import("./types.js").Lock[]} locks */
  async setLocks(locks) {
    const id = this.project?.id;
    if (!id) return;
    const state = await this.attempt(() => this.api.put("/api/projects/{id}/locks", { id }, { locks }));
    if (state) this.takeIn(state);
  }

  /** Ask for something that takes time. @param {Record<string, any> & {verb: string}} body @returns {Promise<Job | null>} */
  async ask(body) {
    await this.flush();
    const job = await this.attempt(async () => {
      const id = await this.needProject();
      return this.api.post("/api/projects/{id}/jobs", { id }, body);
    });
    if (job) this.#hear("job", job);
    return job;
  }

  /** @param {string} id */
  async cancel(id) {
    const job = await this.attempt(() => this.api.post("/api/jobs/{id}/cancel", { id }));
    if (job) this.#hear("job", job);
  }

  /** Can this verb be done here? Work on a given piece needs a model that infills. @param {string} verb */
  can(verb) {
    const { options } = this;
    if (!options?.verbs[verb]) return false;
    return !INFILLING.includes(verb) || options.styles.some((style) => style.infills);
  }

  /** Why it cannot. @param {string} verb */
  whyNot(verb) {
    const reason = this.options?.reasons[verb];
    return reason ? this.tell(reason, this.options?.phrases) : this.say("do.noInfill");
  }

  /** Jobs under way, oldest first. @returns {Job[]} */
  running() {
    return [...this.jobs.values()].filter((job) => !ENDED.includes(job.state)).sort((a, b) => a.created - b.created);
  }

  /** @param {Selection | null} selection */
  select(selection) {
    this.selection = selection;
    this.bus.emit("selection");
  }

  /** @param {string} id @param {AbortSignal} signal */
  async #sound(id, signal) {
    for (;;) {
      const sound = await this.api.get("/api/takes/{id}/sound", { id }, { wait: 20 }, signal);
      if (sound.state === "ready") return sound;
      if (sound.state === "failed") throw new Error(sound.error);
    }
  }

  /** @param {string} name @param {any} data */
  #hear(name, data) {
    if (name === "lost") this.#line(false);
    if (name === "hello") {
      const back = !this.connected;
      this.#line(true);
      if (back && this.project) this.attempt(() => this.openProject(/** @type {any} */ (this.project).id));
    }
    if (name === "job") this.#hearJob(data);
    if (name === "take" && data.project === this.project?.id) {
      this.takes.set(data.id, data);
      this.bus.emit("takes");
      this.bus.emit("take", data);
    }
    if (name === "state" && data.project.id === this.project?.id && !this.sending && !this.unsent.length) this.takeIn(data);
    if (name === "critic") this.bus.emit("critic", data);
    if (name === "styles") this.#restyle();
  }

  /** @param {Job} job */
  #hearJob(job) {
    if (job.project && job.project !== this.project?.id) return;
    const before = this.jobs.get(job.id);
    if (before && ENDED.includes(before.state) && !ENDED.includes(job.state)) return;
    this.jobs.set(job.id, job);
    this.bus.emit("jobs");
    if (ENDED.includes(job.state) && !(before && ENDED.includes(before.state))) this.bus.emit("ended", job);
  }

  /** @param {boolean} connected */
  #line(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.bus.emit("line");
  }

  async #restyle() {
    this.options = await this.attempt(() => this.api.get("/api/options"));
    this.bus.emit("options");
  }
}
