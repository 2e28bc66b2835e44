// The server, spoken to: one function a question, one kind of error, one stream of events.

/** What the server refuses, in its own sentence. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {string | null} field
   * @param {import("./types.js").Phrase | null} phrase the sentence by its code
   */
  constructor(status, code, message, field, phrase) {
    super(message);
    this.phrase = phrase;
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Fills a path's {names}, each as one safe segment. @param {string} path @param {Record<string, string>} names */
export function fillPath(path, names) {
  return path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
}

/** The JSON API of the studio. */
export class Api {
  constructor() {
    this.csrf = "";
    /** @type {any} */
    this.session = null;
  }

  /** Ask who we are; needed once before anything is changed. */
  async open() {
    this.session = await this.get("/api/session");
    this.csrf = this.session.csrf;
    return this.session;
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [names] values for the path's {names}
   * @param {Record<string, string | number>} [query]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  get(path, names = {}, query = {}, signal = undefined) {
    return this.#send("GET", path, names, query, undefined, signal);
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [names]
   * @param {unknown} [body] JSON, or a Blob sent as it is
   * @param {Record<string, string | number>} [query]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  post(path, names = {}, body = {}, query = {}, signal = undefined) {
    return this.#send("POST", path, names, query, body, signal);
  }

  /** @param {string} path @param {Record<string, string>} names @param {unknown} body @returns {Promise<any>} */
  put(path, names, body) {
    return this.#send("PUT", path, names, {}, body);
  }

  /** @param {string} path @param {Record<string, string>} names @param {unknown} body @returns {Promise<any>} */
  patch(path, names, body) {
    return this.#send("PATCH", path, names, {}, body);
  }

  /** @param {string} path @param {Record<string, string>} [names] @returns {Promise<any>} */
  remove(path, names = {}) {
    return this.#send("DELETE", path, names, {});
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string>} names
   * @param {Record<string, string | number>} query
   * @param {unknown} [body]
   * @param {AbortSignal} [signal]
   * @param {boolean} [again] false on the one retry after the server's secret has changed
   * @returns {Promise<any>}
   */
  async #send(method, path, names, query, body, signal, again = true) {
    const search = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])).toString();
    const url = fillPath(path, names) + (search ? `?${search}` : "");
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-Antiphon-CSRF"] = this.csrf;
    const raw = body instanceof Blob;
    if (body !== undefined) headers["Content-Type"] = raw ? "application/octet-stream" : "application/json";
    const sent = body === undefined ? undefined : raw ? /** @type {Blob} */ (body) : JSON.stringify(body);
    const answer = await fetch(url, { method, headers, body: sent, signal, credentials: "same-origin" });
    if (answer.status === 204) return null;
    const json = await answer.json().catch(() => null);
    if (answer.ok) return json;
    const error = json?.error ?? { code: "failed", message: `${answer.status} ${answer.statusText}`, field: null };
    if (error.code === "csrf" && again) {
      await this.open();
      return this.#send(method, path, names, query, body, signal, false);
    }
    throw new Refusal(answer.status, error.code, error.message, error.field ?? null, error.phrase ?? null);
  }

  /**
   * The server's events; the browser reconnects by itself.
   * @param {(name: string, data: any) => void} tell
   * @returns {EventSource}
   */
  events(tell) {
    const source = new EventSource("/api/events");
    for (const name of ["hello", "job", "take", "state", "sound", "critic", "styles"]) {
      source.addEventListener(name, (event) => {
        const data = JSON.parse(/** @type {MessageEvent} */ (event).data);
        if (name === "hello" && data.csrf) this.csrf = data.csrf;
        tell(name, data);
      });
    }
    source.addEventListener("error", () => tell("lost", null));
    return source;
  }
}
