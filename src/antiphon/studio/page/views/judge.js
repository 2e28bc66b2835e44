// The critic's opinion of a take: a score out of ten, and what speaks against it.

import { h } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Take} Take */

/** The score as a number one sees at once. @param {Studio} studio @param {Take} take */
export function scoreBadge(studio, take) {
  const { verdict } = take;
  if (!verdict) return h("span", { class: "badge none", title: studio.say("judge.none") }, "–");
  const text = verdict.score.toFixed(1);
  const label = studio.say("judge.score", { n: text });
  return h(
    "span",
    { class: take.chosen ? "badge best" : "badge", title: label },
    h("span", { "aria-hidden": "true" }, text),
    h("span", { class: "unseen" }, label),
  );
}

/** What a wish is about, in words. @param {Studio} studio @param {Take} take @param {import("../core/types.js").Wish} wish */
export function wishName(studio, take, wish) {
  return studio.tell(studio.words.name("wish", wish.name), take.phrases);
}

/**
 * The reasons, heaviest first; the rest behind a summary.
 * @param {Studio} studio
 * @param {Take} take
 * @param {number} most shown at once
 */
export function reasonList(studio, take, most) {
  const { say } = studio;
  const reasons = [...(take.verdict?.reasons ?? [])].sort((a, b) => b.points - a.points);
  const missed = take.wishes.filter((wish) => !wish.kept).map((wish) => say("judge.missed", { what: wishName(studio, take, wish), why: studio.tell(wish.why, take.phrases) }));
  const heavy = reasons.filter((reason) => reason.points > 0.004);
  const lines = [
    ...missed.map((text) => h("li", { class: "missed" }, text)),
    ...heavy.map((reason) => h("li", {}, h("span", { class: "points numbers" }, `−${reason.points.toFixed(1)}`), studio.tell(reason.text, take.phrases))),
    ...reasons.filter((reason) => reason.points <= 0.004).map((reason) => h("li", { class: "fine" }, studio.tell(reason.text, take.phrases))),
  ];
  if (!take.verdict) return h("p", { class: "small quiet reasons" }, say("judge.none"));
  const preference = take.verdict.preference;
  const liking = preference === null || preference === undefined ? null : h("p", { class: "small" }, say("judge.preference", { n: Math.round(preference * 100) }));
  if (!lines.length) return h("div", { class: "reasons" }, h("p", { class: "small quiet" }, say("judge.faultless")), liking);
  const rest = lines.slice(most);
  return h(
    "div",
    { class: "reasons small" },
    liking,
    h("ul", {}, lines.slice(0, most)),
    rest.length ? h("details", {}, h("summary", { data: { at: "more" } }, say("judge.more", { n: rest.length })), h("ul", {}, rest)) : null,
  );
}
