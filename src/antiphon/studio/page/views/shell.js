// The frame of the page: brand, screens, language and theme, messages, and the keys that work everywhere.

import { h, icon, iconButton, put, refill } from "../core/dom.js";
import { remember } from "../core/i18n.js";
import { Refusal } from "../core/api.js";
import { ask } from "./ask.js";
import { bring, dropAnywhere, openButton } from "./bring.js";
import { cards } from "./cards.js";
import { toggleLock } from "./change.js";
import { desk } from "./desk.js";
import { showHelp } from "./help.js";
import { inspector } from "./inspector.js";
import { jobList } from "./jobs.js";
import { learn } from "./learn.js";
import { forgetPalette } from "./paint.js";
import { projectButton } from "./projects.js";
import { prefer } from "./rate.js";
import { playOrStop, switchPair, toggleLoop, transport } from "./transport.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

const SCREENS = ["compose", "work", "learn"];

/**
 * Build the whole page; called again when the language changes.
 * @param {Studio} studio
 * @param {HTMLElement} root
 * @param {() => void} rebuild
 * @returns {AbortController} ends everything that this page listens to
 */
export function shell(studio, root, rebuild) {
  const life = new AbortController();
  const until = life.signal;
  const { say } = studio;
  const screens = {
    compose: h("div", { class: "screen" }, ask(studio, until), cards(studio, until)),
    work: h("div", { class: "screen work" }, desk(studio, until), inspector(studio, until)),
    learn: h("div", { class: "screen" }, learn(studio, until)),
  };
  const main = h("main", { id: "main", tabindex: "-1" }, lineNotice(studio, until), jobList(studio, until), screens.compose, screens.work, screens.learn);
  const links = SCREENS.map((name) => h("a", { href: `#${name}` }, say(`screen.${name}`)));
  const route = () => {
    const wanted = SCREENS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "compose";
    SCREENS.forEach((name, i) => {
      /** @type {any} */ (screens)[name].hidden = name !== wanted;
      if (name === wanted) links[i].setAttribute("aria-current", "page");
      else links[i].removeAttribute("aria-current");
    });
    document.title = `${say(`screen.${wanted}`)} · Antiphon`;
  };
  addEventListener("hashchange", route, { signal: until });
  const skip = h("a", { class: "skip", href: "#main", on: { click: (/** @type {Event} */ event) => { event.preventDefault(); main.focus(); } } }, say("skip"));
  refill(root, skip, header(studio, links, rebuild, until), main, transport(studio, until));
  messages(studio, until);
  keys(studio, until);
  dropAnywhere(studio, until);
  studio.bus.on("prefer", () => prefer(studio), until);
  studio.bus.on("pair", () => {
    for (const id of studio.pair) if (id && studio.player.ctx) studio.player.prepare(id, studio.player.errand.signal).catch(() => undefined);
  }, until);
  route();
  return life;
}

/** @param {Studio} studio @param {HTMLElement[]} links @param {() => void} rebuild @param {AbortSignal} until */
function header(studio, links, rebuild, until) {
  const { say, words } = studio;
  const other = words.language === "zh" ? "en" : "zh";
  const language = h(
    "button",
    {
      type: "button", class: "plain", lang: other === "zh" ? "zh-CN" : "en", "aria-label": other === "zh" ? "中文" : "English",
      on: { click: () => { words.speak(other); rebuild(); } },
    },
    other === "zh" ? "中文" : "EN",
  );
  const dark = () => document.documentElement.dataset.theme === "dark";
  const theme = iconButton("moon", "", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    remember("theme", dark() ? "dark" : "light");
    forgetPalette();
    dress();
    studio.bus.emit("theme");
  });
  const dress = () => {
    refill(theme, icon(dark() ? "sun" : "moon"));
    const label = say(dark() ? "theme.light" : "theme.dark");
    theme.setAttribute("aria-label", label);
    theme.title = label;
  };
  theme.classList.add("plain");
  dress();
  return h(
    "header",
    { class: "top" },
    h("a", { class: "brand", href: "#compose" }, h("img", { src: "/static/logo.svg", alt: "", width: "30", height: "30" }), h("span", {}, "Antiphon")),
    projectButton(studio, until),
    h("nav", { "aria-label": say("nav") }, links),
    h("div", { class: "row tight top-tools" }, openButton(studio), language, theme, iconButton("keys", say("keys.title"), () => showHelp(studio), { class: "plain" })),
  );
}

/** What is lost while the server is away. @param {Studio} studio @param {AbortSignal} until */
function lineNotice(studio, until) {
  const notice = h("p", { class: "note-box warn", role: "status", hidden: true }, studio.say("line.lost"));
  studio.bus.on("line", () => (notice.hidden = studio.connected), until);
  notice.hidden = studio.connected;
  return notice;
}

/** Sentences that come and go, and what only a screen reader says. @param {Studio} studio @param {AbortSignal} until */
function messages(studio, until) {
  const { say } = studio;
  const news = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  const trouble = h("div", { class: "toasts troubles", role: "alert" });
  const whisper = h("div", { class: "unseen", "aria-live": "polite" });
  const holder = h("div", { class: "toast-holder" }, trouble, news, whisper);
  document.body.append(holder);
  until.addEventListener("abort", () => holder.remove());
  const show = (/** @type {HTMLElement} */ place, /** @type {string} */ text, /** @type {number} */ seconds) => {
    const toast = h("div", { class: "toast" }, h("span", { class: "grow" }, text));
    put(toast, iconButton("close", say("dismiss"), () => toast.remove(), { class: "plain small-round" }));
    place.append(toast);
    while (place.children.length > 3) place.firstElementChild?.remove();
    setTimeout(() => toast.remove(), seconds * 1000);
  };
  studio.bus.on("news", (text) => show(news, text, 5), until);
  studio.bus.on("trouble", (error) => {
    if (error?.name === "AbortError") return;
    const text = error instanceof Refusal || !(error instanceof TypeError) ? studio.wrong(error) : say("line.lost");
    show(trouble, text, 12);
  }, until);
  studio.bus.on("soundfailed", () => show(news, say("source.failed"), 6), until);
  studio.bus.on("whisper", (text) => (whisper.textContent = text), until);
  studio.bus.on("ended", (job) => job.state === "done" && job.takes.length && (whisper.textContent = say("jobs.done", { n: job.takes.length })), until);
}

/** Keys that work wherever nothing else wants them. @param {Studio} studio @param {AbortSignal} until */
function keys(studio, until) {
  /** @type {Record<string, () => unknown>} */
  const plain = {
    " ": () => playOrStop(studio),
    l: () => toggleLoop(studio),
    x: () => switchPair(studio),
    d: () => studio.bus.emit("tool"),
    k: () => toggleLock(studio),
    r: () => studio.selection && studio.ask({ verb: "infill", bars: [studio.selection.first, studio.selection.last], tracks: studio.selection.tracks, adopt: true }),
    "?": () => showHelp(studio),
    Escape: () => studio.selection && studio.select(null),
  };
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const typing = target.closest('input:not([type="range"], [type="checkbox"]), textarea, select, [contenteditable]');
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !typing) {
      if (key === "z") studio.step(event.shiftKey ? "redo" : "undo");
      else if (key === "y") studio.step("redo");
      else return;
      event.preventDefault();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const pressed = target.closest("button, a, summary, [role='tab'], [type='checkbox']");
    if (key === " " && pressed) return;
    const deed = plain[key];
    if (!deed || (key !== " " && key !== "Escape" && event.repeat)) return;
    event.preventDefault();
    deed();
  }, { signal: until });
}

export { bring };
