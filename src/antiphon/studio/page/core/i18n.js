// Words in the reader's language: every text of the page is asked for by its key.

import { en } from "../words/en.js";
import { zh } from "../words/zh.js";
import { zhNotes } from "../words/zh-notes.js";
import { zhServer } from "../words/zh-server.js";

/** @typedef {import("./types.js").Phrase} Phrase */

/** @type {Record<string, Record<string, string>>} */
const BOOKS = { en, zh };
/** What the server says, by its codes, in languages that are not its own. @type {Record<string, Record<string, string>>} */
const SERVER = { zh: { ...zhServer, ...zhNotes } };
/** Values of the server's sentences that have names of their own in the books. */
const NAMED = ["role", "key", "style", "mood", "wish", "ensemble"];

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
   * A sentence of the server's in the reader's language, by its code; where that has none for it, the sentence as it is.
   * @param {string} sentence
   * @param {Phrase | null | undefined} phrase
   * @returns {string}
   */
  tell(sentence, phrase) {
    const text = phrase ? SERVER[this.language]?.[phrase.code] : undefined;
    if (text === undefined || !phrase) return sentence;
    return text.replace(/\{(\w+)\}/g, (_, name) => this.#value(name, phrase.values[name] ?? ""));
  }

  /** @param {string} name @param {string | Phrase} value */
  #value(name, value) {
    if (typeof value !== "string") return this.tell(value.text ?? "", value);
    if (name === "field") return this.name("wish", value.split(".").at(-1) ?? value);
    return NAMED.includes(name) ? this.name(name, value) : value;
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
