// The list on the screen: a row element for each message in sight and no more, whatever the number of messages.

import { el, plural, shortTime } from './dom.js';

const Overscan = 8;

// Browsers clamp heights beyond some 33 million pixels.
const MaxHeight = 30_000_000;

export class MessageList {
  #box;
  #rows;
  #store;
  #on;
  #elements = new Map();
  #height = 72;
  #selected = null;
  #arrivedIds = new Set();
  #anchor = null;

  /** @param on { select(item), open() } */
  constructor(box, store, on) {
    this.#box = box;
    this.#rows = box.firstElementChild;
    this.#store = store;
    this.#on = on;
    box.addEventListener('scroll', () => this.#render(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(box);
    this.#rows.addEventListener('click', event => {
      const row = event.target.closest('.row');
      const item = row && this.#store.items[this.#store.indexOf(row.dataset.id)];
      if (item) {
        this.select(item);
        this.#on.open();
      }
    });
  }

  get selected() {
    return this.#selected;
  }

  get atTop() {
    return this.#box.scrollTop < this.#height / 2;
  }

  /** The last index in sight. */
  get end() {
    return Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / this.#height);
  }

  toTop() {
    this.#box.scrollTop = 0;
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }

  /** Shows what the store has now. At the top what is new slides in; further down what is in sight stays where it is. */
  update(arrived = []) {
    const [stay, anchor] = [this.atTop, this.#anchor];
    this.#rows.classList.toggle('glide', stay);
    this.#rows.style.height = `${Math.min(this.#store.total * this.#height, MaxHeight)}px`;
    if (stay) {
      for (const item of arrived)
        this.#arrivedIds.add(item.id);
    } else if (anchor !== null) {
      const index = this.#store.indexOf(anchor.id);
      if (index >= 0)
        this.#box.scrollTop = index * this.#height + anchor.offset;
    }

    this.#render();
    this.#arrivedIds.clear();
  }

  select(item) {
    this.#selected = item?.id ?? null;
    this.#render();
    if (item)
      this.#on.select(item);
  }

  /** Marks without telling anyone, and shows where it is. */
  mark(id) {
    this.#selected = id;
    this.#reveal(this.#store.indexOf(id));
    this.#render();
  }

  /** Selects the next (1) or previous (-1) row, or any number of rows on. */
  async move(step) {
    const from = this.#store.indexOf(this.#selected);
    const index = Math.max(0, Math.min(this.#store.total - 1, from < 0 && Math.abs(step) === 1 ? 0 : from + step));
    if (index >= this.#store.items.length)
      await this.#store.need(index);

    const item = this.#store.items[Math.min(index, this.#store.items.length - 1)];
    if (item === undefined)
      return;

    this.#reveal(this.#store.indexOf(item.id));
    this.select(item);
  }

  /** Whom to select when this one goes away: the next older one, or else the newer one. */
  neighbour(id) {
    const index = this.#store.indexOf(id);
    return this.#store.items[index + 1] ?? this.#store.items[index - 1] ?? null;
  }

  #reveal(index) {
    if (index < 0)
      return;

    const [top, bottom] = [index * this.#height, (index + 1) * this.#height];
    if (top < this.#box.scrollTop)
      this.#box.scrollTop = top;
    else if (bottom > this.#box.scrollTop + this.#box.clientHeight)
      this.#box.scrollTop = bottom - this.#box.clientHeight;
  }

  #measure() {
    const probe = this.#rows.appendChild(el('div', { class: 'row', 'aria-hidden': 'true' }));
    this.#height = probe.offsetHeight || this.#height;
    probe.remove();
    this.update();
  }

  #render() {
    const { items, total } = this.#store;
    const top = Math.floor(this.#box.scrollTop / this.#height);
    const first = Math.max(0, top - Overscan);
    const last = Math.min(total, this.end + Overscan);
    this.#anchor = items[top] ? { id: items[top].id, offset: this.#box.scrollTop - top * this.#height } : null;

    const keep = new Set();
    for (let index = first; index < last; index++) {
      const item = items[index];
      const key = item?.id ?? `#${index}`;
      keep.add(key);
      this.#place(key, item, index);
    }

    for (const [key, row] of this.#elements) {
      if (!keep.has(key)) {
        row.element.remove();
        this.#elements.delete(key);
      }
    }

    const active = this.#elements.get(this.#selected);
    if (active)
      this.#box.setAttribute('aria-activedescendant', active.element.id);
    else
      this.#box.removeAttribute('aria-activedescendant');

    if (last > items.length && items.length < total)
      this.#store.need(last);
  }

  #place(key, item, index) {
    let row = this.#elements.get(key);
    if (row === undefined || row.seen !== item?.seen) {
      const element = item ? message(item) : el('div', { class: 'row waiting', role: 'option', 'aria-label': 'Loading' });
      if (row === undefined && this.#arrivedIds.has(key))
        element.classList.add('arriving');

      if (row === undefined)
        this.#rows.append(element);
      else
        row.element.replaceWith(element);

      row = { element, seen: item?.seen };
      this.#elements.set(key, row);
    }

    row.element.style.transform = `translateY(${index * this.#height}px)`;
    row.element.setAttribute('aria-selected', `${item !== undefined && item.id === this.#selected}`);
    row.element.setAttribute('aria-setsize', `${this.#store.total}`);
    row.element.setAttribute('aria-posinset', `${index + 1}`);
  }
}

/** A sender by name, where there is one; the open message shows the address too. */
const nameOf = from => /^\s*"?([^"<]+?)"?\s*<[^<>]*>\s*$/.exec(from)?.[1] ?? from;

const bare = address => /<([^<>]+)>\s*$/.exec(address)?.[1] ?? address;

function message(item) {
  const to = item.to.length > 1 ? `${bare(item.to[0])} and ${item.to.length - 1} more` : bare(item.to[0] ?? item.account);
  return el('div', { class: item.seen ? 'row' : 'row unseen', role: 'option', id: `row-${item.id}`, 'data-id': item.id },
    el('span', { class: 'from' }, item.seen ? null : el('span', { class: 'spoken' }, 'Unread. '), nameOf(item.from) || '(no sender)'),
    el('time', { datetime: item.received }, shortTime(item.received)),
    el('span', { class: 'subject' }, item.subject || '(no subject)'),
    item.attachments > 0 ? el('span', { class: 'clip', title: plural(item.attachments, 'attachment') }, plural(item.attachments, 'file')) : null,
    el('span', { class: 'preview' }, to ? el('span', { class: 'to' }, `to ${to}`) : null, item.preview ?? ''));
}
