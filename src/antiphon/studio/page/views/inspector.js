// The panel beside the desk: change, opinion, explanation, takes - one at a time, chosen by tabs.

import { h, put, refill } from "../core/dom.js";
import { change } from "./change.js";
import { reasonList, scoreBadge, wishName } from "./judge.js";
import { ratingRow } from "./rate.js";
import { staffView } from "./staff.js";
import { tree } from "./tree.js";
import { takeaway } from "./takeaway.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

const TABS = ["change", "opinion", "takes", "page", "take"];

/**
 * @param {Studio} studio
 * @param {AbortSignal} until
 * @returns {HTMLElement}
 */
export function inspector(studio, until) {
  const { say } = studio;
  /** @type {Record<string, HTMLElement>} */
  const panels = {
    change: change(studio, until),
    opinion: opinion(studio, until),
    takes: tree(studio, until),
    page: staffView(studio, until),
    take: takeaway(studio, until),
  };
  const buttons = TABS.map((name) =>
    h("button", { type: "button", role: "tab", id: `tab-${name}`, class: "tab", "aria-controls": `panel-${name}`, on: { click: () => open(name) } }, say(`tab.${name}`)),
  );
  const bar = h("div", { class: "tabs", role: "tablist", "aria-label": say("tab.label") }, buttons);
  const bodies = TABS.map((name) => h("div", { class: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: "0" }, panels[name]));
  const open = (/** @type {string} */ name, focus = false) => {
    TABS.forEach((each, i) => {
      const mine = each === name;
      buttons[i].setAttribute("aria-selected", String(mine));
      buttons[i].tabIndex = mine ? 0 : -1;
      bodies[i].hidden = !mine;
      if (mine && focus) buttons[i].focus();
    });
    studio.bus.emit("tab", name);
  };
  bar.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const at = TABS.findIndex((_, i) => buttons[i] === document.activeElement);
    /** @type {Record<string, number>} */
    const targets = { ArrowRight: (at + 1) % TABS.length, ArrowLeft: (at + TABS.length - 1) % TABS.length, Home: 0, End: TABS.length - 1 };
    if (at < 0 || targets[event.key] === undefined) return;
    event.preventDefault();
    open(TABS[targets[event.key]], true);
  });
  open("change");
  studio.bus.on("opentab", open, until);
  return h("aside", { class: "inspector card", "aria-label": say("tab.label") }, bar, bodies);
}

/** What the critic, the plan and the listener say of the current take. @param {Studio} studio @param {AbortSignal} until */
function opinion(studio, until) {
  const { say } = studio;
  const element = h("div", { class: "stack" });
  let sign = "";
  const refresh = () => {
    const { take } = studio;
    const now = JSON.stringify([take?.id, take?.verdict, take?.rating, take?.wishes, take?.said, take?.explanation, studio.running().map((job) => job.verb)]);
    if (now === sign) return;
    const place = element.contains(document.activeElement) ? document.activeElement?.getAttribute("data-at") : null;
    sign = now;
    refill(element);
    if (!take) return;
    put(element, h("div", { class: "row" }, h("h3", { class: "grow" }, say("opinion.critic")), scoreBadge(studio, take)), reasonList(studio, take, 8));
    if (!take.verdict) put(element, h("button", { type: "button", on: { click: () => studio.ask({ verb: "judge", take: take.id }) } }, say("opinion.judge")));
    put(element, h("h3", {}, say("opinion.yours")), ratingRow(studio, take), h("p", { class: "small quiet" }, say("opinion.yoursHelp")));
    if (take.wishes.length) put(element, h("h3", {}, say("opinion.wishes")), wishList(studio, take));
    if (take.said.length) put(element, h("details", {}, h("summary", {}, say("opinion.said")), h("ul", { class: "small" }, take.said.map((text) => h("li", {}, studio.tell(text, take.phrases))))));
    put(element, explained(studio, take));
    if (place) /** @type {HTMLElement | null} */ (element.querySelector(`[data-at="${CSS.escape(place)}"]`))?.focus();
  };
  for (const name of ["takes", "state", "jobs"]) studio.bus.on(name, refresh, until);
  refresh();
  return element;
}

/** @param {Studio} studio @param {import("../core/types.js").Take} take */
function wishList(studio, take) {
  return h(
    "ul",
    { class: "wish-list small" },
    take.wishes.map((wish) =>
      h(
        "li",
        { class: wish.kept ? "kept" : "missed", title: studio.tell(wish.why, take.phrases) },
        h("span", { class: "mark", "aria-label": studio.say(wish.kept ? "opinion.kept" : "opinion.notKept"), role: "img" }, wish.kept ? "✓" : "✗"),
        h("span", {}, wishName(studio, take, wish), wish.kept ? "" : `: ${studio.tell(wish.why, take.phrases)}`),
      ),
    ),
  );
}

/** The analysis of the piece in words, made on request. @param {Studio} studio @param {import("../core/types.js").Take} take */
function explained(studio, take) {
  const { say, options } = studio;
  const { explanation } = take;
  if (!explanation) {
    if (!options?.verbs.explain) return null;
    const busy = studio.running().some((job) => job.verb === "explain");
    return h("button", { type: "button", disabled: busy, data: { at: "explain" }, on: { click: () => studio.ask({ verb: "explain", take: take.id }) } }, say(busy ? "opinion.explaining" : "opinion.explain"));
  }
  return h(
    "div",
    { class: "stack explained" },
    h("h3", {}, say("opinion.explained")),
    explanation.text.map((text) => h("p", {}, text)),
    explanation.sections.map((section) => h("details", {}, h("summary", {}, section.title), h("ul", { class: "small" }, section.lines.map((text) => h("li", {}, text))))),
  );
}
