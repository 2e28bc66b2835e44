// The studio's front door: asks the server who we are, then builds the page.

import { h, refill } from "./core/dom.js";
import { Studio } from "./core/studio.js";
import { shell } from "./views/shell.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const studio = new Studio();
/** @type {AbortController | null} */
let life = null;

function build() {
  life?.abort();
  life = shell(studio, root, build);
  studio.bus.emit("score");
}

async function begin() {
  try {
    await studio.start();
    build();
  } catch (error) {
    const text = studio.wrong(error);
    const again = h("button", { type: "button", class: "primary", on: { click: () => location.reload() } }, studio.say("retry"));
    refill(root, h("main", { class: "sorry" }, h("h1", {}, "Antiphon"), h("p", {}, text), again));
  }
}

begin();
