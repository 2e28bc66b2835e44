// A small notice board: views tell what happened and listen to what concerns them.

/** Named events with any detail; listeners leave with the AbortSignal of the view that put them up. */
export class Bus {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
  }

  /**
   * @param {string} name
   * @param {(detail: any) => void} listener
   * @param {AbortSignal} [until] listening ends when it aborts
   */
  on(name, listener, until) {
    if (until?.aborted) return;
    let set = this.listeners.get(name);
    if (!set) this.listeners.set(name, (set = new Set()));
    set.add(listener);
    until?.addEventListener("abort", () => set.delete(listener), { once: true });
  }

  /**
   * @param {string} name
   * @param {any} [detail]
   */
  emit(name, detail) {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(detail);
  }
}
