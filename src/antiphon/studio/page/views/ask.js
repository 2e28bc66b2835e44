// Asking for music: one line of words, one button, and the wishes one by one for who wants them.

import { h, put, refill } from "../core/dom.js";
import { planView } from "./plan.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Brief} Brief */

const TAKES = [1, 2, 3, 4, 6, 8];
const USUAL_TAKES = 4;
const WIDE = 860;
/** In the language that the server reads. */
const EXAMPLES = ["a sad waltz in D minor, 24 bars", "a happy folk tune in G major, 30 seconds", "a solemn chorale, 16 bars"];

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function ask(studio, until) {
  const { say } = studio;
  const wishes = wishFields(studio, until);
  const plan = planView(studio, until);
  const text = h("input", {
    id: "ask-text", class: "ask-text", autocomplete: "off", maxlength: "500", placeholder: say("ask.placeholder"), "aria-label": say("ask.text"),
  });
  const button = h("button", { type: "submit", class: "primary big" }, say("ask.compose"));
  const understood = h("p", { class: "small understood", "aria-live": "polite" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  let asked = 0;
  /** @type {number | null} of the plan on show, so that what is composed is what was planned */
  let seed = null;
  /** @type {import("../core/types.js").Plan | null} the plan on show, if it answers the wishes as they stand and is not used up */
  let shown = null;
  const brief = () => /** @type {Brief} */ ({ ...wishes.read(), ...(text.value.trim() ? { text: text.value.trim() } : {}), ...(plan.energy() ? { energy: plan.energy() } : {}) });
  const foresee = async () => {
    const mine = ++asked;
    try {
      const answer = await studio.api.post("/api/plan", {}, { brief: { ...brief(), seed } });
      if (mine !== asked) return;
      seed = answer.brief.seed ?? null;
      shown = answer;
      plan.show(answer);
      wishes.fault(null);
      understand(studio, understood, answer);
    } catch (error) {
      if (mine !== asked) return;
      wishes.fault(/** @type {any} */ (error));
      refill(understood, studio.wrong(error));
      understood.classList.add("wrong");
    }
  };
  const soon = () => {
    clearTimeout(pause);
    shown = null;
    pause = setTimeout(foresee, 300);
  };
  plan.changed(soon);
  const more = h("details", { class: "wishes", open: innerWidth > WIDE && studio.takes.size === 0 }, h("summary", {}, say("ask.wishes")), wishes.element);
  const form = h(
    "form",
    {
      class: "ask-form",
      on: {
        input: soon,
        submit: (/** @type {Event} */ event) => {
          event.preventDefault();
          clearTimeout(pause);
          studio.player.wake();
          (shown ? Promise.resolve() : foresee()).then(() => {
            compose(studio, { ...(shown ? fixed(shown, brief()) : {}), ...brief(), seed });
            seed = null; // the plan stays on show beside its takes; the next click draws another
            shown = null;
          });
        },
      },
    },
    h("div", { class: "ask-line" }, text, button),
    understood,
    examples(studio, (said) => {
      text.value = said;
      text.focus();
      foresee();
    }),
    more,
  );
  const hero = h("div", { class: "hero" }, h("h1", {}, say("ask.title")), h("p", { class: "quiet" }, say("ask.subtitle")));
  const element = h("section", { class: "ask card", "aria-label": say("ask.label") }, hero, form, plan.element);
  const welcome = () => {
    const first = studio.takes.size === 0;
    if (element.classList.contains("first") && !first) more.open = false;
    element.classList.toggle("first", first);
  };
  studio.bus.on("takes", welcome, until);
  studio.bus.on("chordsplanned", (/** @type {string} */ chords) => {
    wishes.set("chords", chords);
    foresee();
  }, until);
  welcome();
  foresee();
  return element;
}

/**
 * What a plan has decided, as wishes: takes then play what was shown.
 * @param {import("../core/types.js").Plan} plan @param {Brief} asked @returns {Brief}
 */
function fixed(plan, asked) {
  const length = asked.seconds || plan.brief.seconds ? {} : { bars: plan.bars, ...(plan.tempo ? { tempo: plan.tempo } : {}) };
  return {
    ...length,
    ...(plan.key ? { key: plan.key } : {}),
    ...(plan.chords ? { chords: plan.chords.map((bar) => bar.join(" ")).join(" | ") } : {}),
    ...(plan.form.length ? { form: plan.form.map((phrase) => `${phrase.letter}${phrase.bars}`).join("") } : {}),
  };
}

/** A few things to say, for the first visit. @param {Studio} studio @param {(said: string) => void} take */
function examples(studio, take) {
  const chips = EXAMPLES.map((said, i) => h("button", { type: "button", class: "example", title: said, on: { click: () => take(said) } }, studio.say(`example.${i + 1}`)));
  return h("div", { class: "row examples" }, chips);
}

/** Have takes written; the first one that comes is played, for the click has woken the sound. @param {Studio} studio @param {Brief} brief */
export async function compose(studio, brief) {
  studio.player.wake();
  const job = await studio.ask({ verb: "compose", brief, adopt: true });
  if (job) studio.bus.emit("listenfor", job.id);
}

/** @param {Studio} studio @param {HTMLElement} line @param {import("../core/types.js").Plan} plan */
function understand(studio, line, plan) {
  line.classList.remove("wrong");
  line.replaceChildren();
  if (plan.understood.length) put(line, h("span", { class: "quiet" }, studio.say("ask.understood"), " "), plan.understood.map((said) => h("span", { class: "chip" }, chipText(studio, said))));
  if (plan.unclear.length) put(line, " ", h("span", { class: "quiet" }, studio.say("ask.unclear"), " "), plan.unclear.map((said) => h("span", { class: "chip doubt" }, said)));
}

/** "key: D minor" with what has a name in the reader's language. @param {Studio} studio @param {string} said */
function chipText(studio, said) {
  const [wish, value] = [said.slice(0, said.indexOf(": ")), said.slice(said.indexOf(": ") + 2)];
  return studio.words.language === "en" || !said.includes(": ") ? said : `${studio.words.name("wish", wish)}: ${studio.words.name(wish, value)}`;
}

/** The wishes, each a field that may be left open. @param {Studio} studio @param {AbortSignal} until */
function wishFields(studio, until) {
  const { say } = studio;
  /** @type {Record<string, any>} */
  const fields = {};
  const element = h("div", { class: "wish-grid" });
  const draw = () => {
    const options = studio.options;
    if (!options) return;
    const before = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    const open = h("option", { value: "" }, say("ask.open"));
    const choice = (/** @type {string} */ name, /** @type {[string, string][]} */ entries, chosen = "") =>
      (fields[name] = h("select", { id: `wish-${name}` }, open.cloneNode(true), entries.map(([value, shown]) => h("option", { value, selected: value === chosen }, shown))));
    const line = (/** @type {string} */ name, /** @type {Record<string, any>} */ more) => (fields[name] = h("input", { id: `wish-${name}`, autocomplete: "off", ...more }));
    const pairs = (/** @type {string[]} */ list, /** @type {string} */ prefix) => list.map((name) => /** @type {[string, string]} */ ([name, studio.words.name(prefix, name)]));
    const unit = (fields.unit = h("select", { "aria-label": say("wish.unit") }, h("option", { value: "bars" }, say("wish.bars")), h("option", { value: "seconds" }, say("wish.seconds"))));
    const length = line("length", { type: "number", min: "1", max: "3600", inputmode: "numeric", placeholder: String(options.defaults.bars) });
    refill(
      element,
      labelled("style", choice("style", options.styles.map((s) => [s.name, s.mine ? s.title : studio.words.name("style", s.name)]))),
      h("div", { class: "wish" }, h("label", { for: "wish-length" }, say("wish.length")), h("div", { class: "joined" }, length, unit)),
      labelled("key", choice("key", pairs(options.keys, "key"))),
      labelled("tempo", line("tempo", { type: "number", min: "20", max: "320", placeholder: say("wish.tempoHint") })),
      labelled("meter", choice("meter", options.meters.map((m) => [m, m]))),
      labelled("mood", choice("mood", pairs(options.moods, "mood"))),
      labelled("takes", (fields.takes = h("select", { id: "wish-takes" }, TAKES.filter((n) => n <= options.limits.takes).map((n) => h("option", { value: String(n), selected: n === USUAL_TAKES }, String(n)))))),
      labelled("form", line("form", { placeholder: "A8 A8 B8 A8" })),
      labelled("chords", line("chords", { placeholder: "Am F | C G" }), "wide"),
      labelled("tracks", line("tracks", { placeholder: options.styles[0]?.tracks.join(", ") ?? "" }), "wide"),
    );
    for (const [name, value] of Object.entries(before)) if (fields[name]) fields[name].value = value;
  };
  const labelled = (/** @type {string} */ name, /** @type {any} */ field, extra = "") => h("div", { class: `wish ${extra}` }, h("label", { for: `wish-${name}` }, say(`wish.${name}`)), field);
  draw();
  studio.bus.on("options", draw, until);
  return { element, read: () => readFields(fields), fault: (/** @type {any} */ error) => showFault(fields, error), set: (/** @type {string} */ name, /** @type {string} */ value) => (fields[name].value = value) };
}

/** What the fields say, as a brief without what is left open. @param {Record<string, any>} fields @returns {Brief} */
function readFields(fields) {
  const value = (/** @type {string} */ name) => fields[name]?.value.trim() ?? "";
  /** @type {Record<string, any>} */
  const brief = {};
  for (const name of ["style", "key", "meter", "mood", "chords", "tracks"]) if (value(name)) brief[name] = value(name);
  if (value("form")) brief.form = value("form").replace(/\s+/g, "");
  if (value("tempo")) brief.tempo = Number(value("tempo"));
  if (value("length")) brief[value("unit") || "bars"] = Number(value("length"));
  brief.takes = Number(value("takes")) || USUAL_TAKES;
  return brief;
}

/** Mark the field that the server refuses. @param {Record<string, any>} fields @param {any} error */
function showFault(fields, error) {
  const name = String(error?.field ?? "").split(".").at(-1) ?? "";
  const culprit = { bars: "length", seconds: "length" }[name] ?? name;
  for (const [key, field] of Object.entries(fields)) {
    if (key === culprit) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}
