// Words in the reader's language: every text of the page is asked for by its key.

import { en } from "../words/en.js";
import { zh } from "../words/zh.js";

/** @type {Record<string, Record<string, string>>} */
const BOOKS = { en, zh };

/** The language spoken and the words in it. */
export class Words {
  constructor() {
    this.language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  }

  /**
   * The text of a key; {name} in it is replaced by values.name.
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   * @returns {string}
   */
  say(key, values = {}) {
    const text = BOOKS[this.language][key];
    if (text === undefined) throw new Error(`No text has the key ${key}.`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  }

  /**
   * The text of a key where there is one, else what the server called it.
   * @param {string} prefix
   * @param {string} name
   */
  name(prefix, name) {
    return BOOKS[this.language][`${prefix}.${name}`] ?? name;
  }

  /**
   * Speak another language from now on, and remember it.
   * @param {"en" | "zh"} language
   */
  speak(language) {
    this.language = language;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    remember("language", language);
  }
}

/**
 * Keep a small wish of the reader on their machine; where storage is closed it lasts as long as the page.
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(`antiphon.${name}`, value);
  } catch {
    // Private windows may refuse storage; the page works without.
  }
}

/**
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  try {
    return localStorage.getItem(`antiphon.${name}`);
  } catch {
    return null;
  }
}
