// The listener's opinion: thumbs and stars on a take, and which of two is better.

import { h, icon } from "../core/dom.js";

/** @typedef {import("../core/studio.js").Studio} Studio */
/** @typedef {import("../core/types.js").Take} Take */

/** @param {Studio} studio @param {Record<string, unknown>} body */
async function rate(studio, body) {
  const answer = await studio.attempt(() => studio.api.post("/api/ratings", {}, body));
  if (!answer) return;
  studio.takes.set(answer.take.id, answer.take);
  studio.bus.emit("takes");
  studio.bus.emit("rated", answer.ratings);
}

/**
 * Thumbs and stars of a take.
 * @param {Studio} studio
 * @param {Take} take
 * @returns {HTMLElement}
 */
export function ratingRow(studio, take) {
  const { say } = studio;
  const { thumb, stars } = take.rating;
  const thumbs = (/** @type {1 | -1} */ value, /** @type {string} */ sign) =>
    h(
      "button",
      {
        type: "button", class: "round plain thumb", "aria-pressed": String(thumb === value), data: { at: `thumb${value}` },
        "aria-label": say(`rate.${sign}`), title: say(`rate.${sign}`),
        on: { click: () => rate(studio, { kind: "thumb", take: take.id, value: thumb === value ? 0 : value }) },
      },
      icon(sign),
    );
  return h(
    "div",
    { class: "row tight rating", role: "group", "aria-label": say("rate.label", { name: take.name }) },
    thumbs(1, "up"),
    thumbs(-1, "down"),
    starRow(studio, take, stars ?? 0),
  );
}

/** Five stars as a radio group: arrows move, the same star again takes it back. @param {Studio} studio @param {Take} take @param {number} stars */
function starRow(studio, take, stars) {
  const give = (/** @type {number} */ value) => rate(studio, { kind: "stars", take: take.id, value });
  const buttons = [1, 2, 3, 4, 5].map((n) =>
    h(
      "button",
      {
        type: "button", role: "radio", class: n <= stars ? "plain star on" : "plain star", "aria-checked": String(n === stars), data: { at: `star${n}` },
        tabindex: n === (stars || 1) ? "0" : "-1", "aria-label": studio.say("rate.stars", { n }), title: studio.say("rate.stars", { n }),
        on: { click: () => give(n === stars ? 0 : n) },
      },
      icon(n <= stars ? "starred" : "star"),
    ),
  );
  const row = h("div", { class: "stars", role: "radiogroup", "aria-label": studio.say("rate.starsLabel") }, buttons);
  row.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = buttons[Math.max(0, Math.min(4, at + step))];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
  return row;
}

/** Say that the take that sounds is the better one of the pair. @param {Studio} studio */
export async function prefer(studio) {
  const [a, b] = studio.pair;
  const heard = studio.player.take;
  if (!a || !b || (heard !== a && heard !== b)) {
    studio.bus.emit("news", studio.say("pair.listenFirst"));
    return;
  }
  const name = studio.takes.get(heard)?.name ?? "";
  await rate(studio, { kind: "ab", take: heard, other: heard === a ? b : a });
  studio.bus.emit("news", studio.say("pair.preferred", { name }));
}
