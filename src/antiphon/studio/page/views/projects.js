// Projects: which one is open, its name, another one, a new one, and the bin.

import { h, put, refill } from "../core/dom.js";
import { openButton } from "./bring.js";

/** @typedef {import("../core/studio.js").Studio} Studio */

/**
 * The project's name as a button that opens the list of all.
 * @param {Studio} studio
 * @param {AbortSignal} until
 */
export function projectButton(studio, until) {
  const button = h("button", { type: "button", class: "plain project-name", "aria-haspopup": "dialog", title: studio.say("project.open"), on: { click: () => openList(studio) } });
  const refresh = () => refill(button, h("span", {}, studio.project?.name ?? studio.say("project.none")), h("span", { "aria-hidden": "true", class: "quiet" }, " ▾"));
  studio.bus.on("state", refresh, until);
  refresh();
  return button;
}

/** @param {Studio} studio */
async function openList(studio) {
  const { say, api } = studio;
  const answer = await studio.attempt(() => api.get("/api/projects"));
  if (!answer) return;
  const box = h("dialog", { "aria-labelledby": "projects-title" });
  const list = h("ul", { class: "project-list" });
  const name = h("input", { id: "project-name", maxlength: "120", value: studio.project?.name ?? "" });
  const rename = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const id = studio.project?.id;
    if (!id || !name.value.trim()) return;
    const state = await studio.attempt(() => api.patch("/api/projects/{id}", { id }, { name: name.value.trim() }));
    if (state) studio.takeIn(state);
    box.close();
  };
  const fresh = async () => {
    box.close();
    const state = await studio.attempt(() => api.post("/api/projects", {}, {}));
    if (!state) return;
    studio.takeIn(state);
    location.hash = "#compose";
  };
  for (const project of answer.projects) put(list, row(studio, project, box));
  put(
    box,
    h(
      "div",
      { class: "stack" },
      h("h2", { id: "projects-title" }, say("project.title")),
      studio.project ? h("form", { class: "row", on: { submit: rename } }, h("label", { for: "project-name", class: "unseen" }, say("project.name")), h("div", { class: "grow" }, name), h("button", { type: "submit" }, say("project.rename"))) : null,
      list,
      h("div", { class: "row" }, h("button", { type: "button", class: "primary", on: { click: fresh } }, say("project.new")), openButton(studio), h("button", { type: "button", class: "plain", on: { click: () => box.close() } }, say("close"))),
    ),
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

/** @param {Studio} studio @param {import("../core/types.js").Project} project @param {HTMLDialogElement} box */
function row(studio, project, box) {
  const { say } = studio;
  const current = project.id === studio.project?.id;
  const when = new Date(project.updated * 1000).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const open = async () => {
    box.close();
    await studio.attempt(() => studio.openProject(project.id));
  };
  const remove = async () => {
    const gone = await studio.attempt(async () => {
      await studio.api.remove("/api/projects/{id}", { id: project.id });
      return true;
    });
    if (gone) refill(item, h("span", { class: "grow quiet" }, say("project.removed", { name: project.name })), h("button", { type: "button", on: { click: restore } }, say("project.restore")));
  };
  const restore = async () => {
    const state = await studio.attempt(() => studio.api.post("/api/projects/{id}/restore", { id: project.id }));
    if (state) item.replaceWith(row(studio, state.project, box));
  };
  const item = h(
    "li",
    { class: current ? "row current" : "row" },
    h("button", { type: "button", class: "plain grow project-open", "aria-current": current ? "true" : null, on: { click: open } }, h("span", {}, project.name), h("span", { class: "small quiet numbers" }, `${say("project.takes", { n: project.takes })} · ${when}`)),
    current ? null : h("button", { type: "button", class: "plain danger", "aria-label": say("project.removeOf", { name: project.name }), on: { click: remove } }, say("project.remove")),
  );
  return item;
}
