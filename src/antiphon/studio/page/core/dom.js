// Builds elements from plain values; text is only ever text, so that no name or note can become markup.

/** @typedef {Node | string | number | null | undefined | false} Child */
/**
 * @typedef {object} Props
 * @property {string} [class]
 * @property {Record<string, (event: any) => void>} [on] event name -> listener
 * @property {Record<string, string>} [data] data-* attributes
 * @property {Record<string, string>} [css] CSS custom properties and styles, set through the object model
 */

const SVG = "http://www.w3.org/2000/svg";
const FORBIDDEN = /^(on|style$|srcdoc$)/i;

/**
 * An HTML element; attributes set to null, undefined or false are left out, true stands for the empty string.
 * @param {string} tag
 * @param {Props & Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * An SVG element.
 * @param {string} tag
 * @param {Props & Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/**
 * @param {Element} element
 * @param {Props & Record<string, any>} props
 * @param {(Child | Child[])[]} children
 */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, /** @type {any} */ (listener));
    } else if (name === "data") {
      for (const [key, text] of Object.entries(value)) element.setAttribute(`data-${key}`, String(text));
    } else if (name === "css") {
      for (const [key, text] of Object.entries(value)) /** @type {any} */ (element).style.setProperty(key, String(text));
    } else if (name === "value") {
      /** @type {any} */ (element).value = value;
    } else if (FORBIDDEN.test(name)) {
      throw new TypeError(`The attribute ${name} is not set here; use on or css.`);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  put(element, ...children);
  return element;
}

/**
 * Append children; strings and numbers become text nodes.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function put(element, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replace all that an element holds.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function refill(element, ...children) {
  element.replaceChildren();
  put(element, ...children);
}

/** @type {Record<string, [string, boolean?]>} name -> path in a box of 24, and whether it is filled */
const ICONS = {
  play: ["M8 5.2v13.6L19 12z", true],
  pause: ["M7 5h3.6v14H7zM13.4 5H17v14h-3.6z", true],
  stop: ["M6.5 6.5h11v11h-11z", true],
  start: ["M6 5h2.4v14H6zM19 5v14L9.4 12z", true],
  loop: ["M17 2.5l3.5 3.5L17 9.5M20 6H8a4.5 4.5 0 0 0-4.5 4.5V12M7 21.5 3.5 18 7 14.5M4 18h12a4.5 4.5 0 0 0 4.5-4.5V12"],
  undo: ["M8.5 4.5 4 9l4.5 4.5M4.5 9H14a5.5 5.5 0 0 1 0 11h-3"],
  redo: ["M15.5 4.5 20 9l-4.5 4.5M19.5 9H10a5.5 5.5 0 0 0 0 11h3"],
  lock: ["M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  close: ["M6 6l12 12M18 6 6 18"],
  up: ["M7 11v9H4v-9zM7 11l4-7.5c1.6 0 2.4 1 2.2 2.6L12.6 10H19a1.8 1.8 0 0 1 1.8 2.2l-1.5 6.3A2 2 0 0 1 17.4 20H7"],
  down: ["M17 13V4h3v9zM17 13l-4 7.5c-1.6 0-2.4-1-2.2-2.6l.6-3.9H5a1.8 1.8 0 0 1-1.8-2.2l1.5-6.3A2 2 0 0 1 6.6 4H17"],
  star: ["M12 3.4l2.7 5.5 6 .9-4.3 4.2 1 6-5.4-2.8L6.6 20l1-6-4.3-4.2 6-.9z"],
  starred: ["M12 3.4l2.7 5.5 6 .9-4.3 4.2 1 6-5.4-2.8L6.6 20l1-6-4.3-4.2 6-.9z", true],
  pencil: ["M4 20l.9-4L16 4.9a1.6 1.6 0 0 1 2.3 0l.8.8a1.6 1.6 0 0 1 0 2.3L8 19.1z"],
  pointer: ["M6 3.5l12 9-5.4.9 2.9 5.7-2.6 1.3-2.9-5.8L6 18z"],
  sun: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3 19 19M19 5l-1.7 1.7M6.7 17.3 5 19"],
  moon: ["M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"],
  save: ["M12 3.5v11M7.5 10.5 12 15l4.5-4.5M4.5 16v4h15v-4"],
  open: ["M12 15V4M7.5 8 12 3.5 16.5 8M4.5 16v4h15v-4"],
  plus: ["M12 5v14M5 12h14"],
  minus: ["M5 12h14"],
  keys: ["M3 7h18v10H3zM7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14h8"],
};

/**
 * A drawn sign; it says nothing to screen readers, its button does.
 * @param {string} name
 */
export function icon(name) {
  const [path, full] = ICONS[name];
  return s("svg", { class: full ? "icon full" : "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: path }));
}

/**
 * A button with a sign and no text, named for screen readers and by its tooltip.
 * @param {string} sign
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, any>} [more]
 */
export function iconButton(sign, label, act, more = {}) {
  const { class: extra = "", ...rest } = more;
  return h(
    "button",
    { type: "button", class: `round ${extra}`.trim(), "aria-label": label, title: label, on: { click: act }, ...rest },
    icon(sign),
  );
}
