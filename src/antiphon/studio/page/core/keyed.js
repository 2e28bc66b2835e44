// Lists that change a little: elements whose content stayed the same are kept, with focus and scroll.

/**
 * @typedef {object} Item
 * @property {string} key names the element
 * @property {string} sign changes when the element must be made anew
 * @property {() => HTMLElement} make
 */

/** @type {WeakMap<Element, string>} */
const SIGNS = new WeakMap();

/**
 * Make a container hold exactly these items, in order.
 * @param {HTMLElement} container
 * @param {Item[]} items
 */
export function reconcile(container, items) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const child of /** @type {HTMLElement[]} */ ([...container.children])) old.set(child.dataset.key ?? "", child);
  const active = document.activeElement;
  const place = container.contains(active) ? active?.closest("[data-at]")?.getAttribute("data-at") : null;
  const home = place ? /** @type {HTMLElement | null} */ (active?.closest("[data-key]"))?.dataset.key : null;
  let before = container.firstElementChild;
  for (const { key, sign, make } of items) {
    let element = old.get(key);
    if (!element || SIGNS.get(element) !== sign) {
      const made = make();
      made.dataset.key = key;
      SIGNS.set(made, sign);
      if (element) {
        if (before === element) before = made;
        element.replaceWith(made);
      }
      element = made;
    }
    old.delete(key);
    if (element === before) before = before.nextElementSibling;
    else container.insertBefore(element, before);
  }
  for (const gone of old.values()) gone.remove();
  if (home && !container.contains(document.activeElement)) {
    const found = container.querySelector(`[data-key="${CSS.escape(home)}"] [data-at="${CSS.escape(/** @type {string} */ (place))}"]`);
    if (found instanceof HTMLElement) found.focus({ preventScroll: true });
  }
}
