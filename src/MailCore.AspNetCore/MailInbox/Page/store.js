// The list's rows: what of them is loaded, always a prefix of the whole list, newest first.

import { api } from './api.js';

const FirstPage = 50;
const NextPage = 200;

export class MessageStore {
  items = [];

  /** Rows there are; while a search goes on, those found and one more. */
  total = 0;

  /** False while more may be found than is counted. */
  counted = true;
  filter = { query: '', account: '', mailbox: '' };

  #on;
  #next = null;
  #generation = 0;
  #abort = new AbortController();
  #wanted = 0;
  #filling = false;
  #merging = false;
  #again = false;

  // An answer that was on its way when a message was removed must not bring it back.
  #gone = new Set();

  /** @param on { changed(arrivedIds), failed(error) } */
  constructor(on) {
    this.#on = on;
  }

  indexOf(id) {
    return this.items.findIndex(item => item.id === id);
  }

  /** Loads anew, until the row of this index is there, and only then replaces the rows. */
  async load(filter = this.filter, upTo = 0) {
    this.filter = filter;
    const generation = ++this.#generation;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#gone.clear();
    this.#wanted = 0;
    this.#filling = this.#merging = this.#again = false;
    await this.#guard(generation, async () => {
      const rows = [];
      let page = null;
      do {
        page = await this.#page(page?.next, page === null ? FirstPage : NextPage);
        rows.push(...page.messages);
      } while (page.next && rows.length <= upTo && generation === this.#generation);

      if (generation === this.#generation)
        this.#set(rows, page);
    });
  }

  /** Loads on until the row of this index is there. */
  async need(index) {
    this.#wanted = Math.max(this.#wanted, index);
    if (this.#filling)
      return;

    this.#filling = true;
    const generation = this.#generation;
    await this.#guard(generation, async () => {
      while (this.#next !== null && this.items.length <= this.#wanted) {
        const page = await this.#page(this.#next, NextPage);
        if (generation !== this.#generation)
          return;

        const known = new Set(this.items.map(item => item.id));
        this.#set([...this.items, ...page.messages.filter(item => !known.has(item.id))], page);
      }
    });
    if (generation === this.#generation)
      this.#filling = false;
  }

  /** Takes in what came: pages from the top until they meet a row that is there. Calls while it works make it work once more. */
  async refresh() {
    this.#again = true;
    if (this.#merging)
      return;

    this.#merging = true;
    const generation = this.#generation;
    await this.#guard(generation, async () => {
      while (this.#again && generation === this.#generation) {
        this.#again = false;
        await this.#merge(generation);
      }
    });
    if (generation === this.#generation)
      this.#merging = false;
  }

  /** Takes rows away; those that were not loaded make the total unknown, so that it is asked for. */
  drop(ids) {
    const unknown = ids.filter(id => !this.#gone.has(id) && this.indexOf(id) < 0);
    for (const id of ids)
      this.#gone.add(id);

    const kept = this.items.filter(item => !this.#gone.has(item.id));
    this.total -= this.items.length - kept.length;
    this.items = kept;
    this.#on.changed([]);
    if (unknown.length > 0)
      this.refresh();
  }

  /** Asks for rows that changed. */
  async reread(ids) {
    for (const id of ids.filter(id => this.indexOf(id) >= 0)) {
      await this.#guard(this.#generation, async () => {
        const { seen } = await api.message(id, this.#abort.signal);
        this.setSeen(id, seen);
      });
    }
  }

  setSeen(id, seen) {
    const item = this.items[this.indexOf(id)];
    if (item === undefined || item.seen === seen)
      return;

    item.seen = seen;
    this.#on.changed([]);
  }

  async #merge(generation) {
    const known = new Map(this.items.map((item, index) => [item.id, index]));
    const top = [];
    let [page, met] = [null, -1];
    do {
      page = await this.#page(page?.next, page === null ? FirstPage : NextPage);
      top.push(...page.messages);
      for (const item of page.messages)
        met = Math.max(met, known.get(item.id) ?? -1);
    } while (page.next && met < 0 && known.size > 0 && generation === this.#generation);

    if (generation !== this.#generation)
      return;

    // Rows above the last one met which the server does not list any more are gone.
    const listed = new Set(top.map(item => item.id));
    const rest = page.next ? this.items.slice(met + 1).filter(item => !listed.has(item.id)) : [];
    const next = met >= 0 && rest.length > 0 ? this.#next : page.next;
    this.#set([...top, ...rest], { total: page.total, next }, top.filter(item => !known.has(item.id)));
  }

  #page(before, limit) {
    return api.list({ ...this.filter, before, limit }, this.#abort.signal);
  }

  #set(rows, { total, next }, arrived = []) {
    this.items = rows.filter(item => !this.#gone.has(item.id));
    this.#next = next ?? null;

    // A search does not say how many there are, and a page of it may be empty though others follow.
    const searched = total === null || total === undefined;
    this.counted = !searched || this.#next === null;
    this.total = searched
      ? this.items.length + (this.#next === null ? 0 : 1)
      : Math.max(this.items.length, total - (rows.length - this.items.length));
    this.#on.changed(arrived.filter(item => !this.#gone.has(item.id)));
  }

  async #guard(generation, work) {
    try {
      await work();
    } catch (error) {
      if (generation === this.#generation && error.name !== 'AbortError' && error.status !== 404)
        this.#on.failed(error);
    }
  }
}
