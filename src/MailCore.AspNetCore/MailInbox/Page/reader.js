// The message that is open: who and what, what can be done with it, and its tabs.

import { api } from './api.js';
import { el, longTime } from './dom.js';
import { panels } from './panels.js';

export class Reader {
  #box;
  #on;
  #abort = new AbortController();
  #message = null;
  #tabs = [];
  #preferred = 'html';
  #unseen = null;
  settings = { canDelete: false, canRelease: false };

  /** @param on { shown(message), failed(error), gone(id), back(), remove(id), release(message), seen(id, seen) } */
  constructor(box, on) {
    this.#box = box;
    this.#on = on;
    this.close();
  }

  get id() {
    return this.#message?.id ?? null;
  }

  get message() {
    return this.#message;
  }

  /** What was there stays until the next one is there. */
  async show(id) {
    this.#abort.abort();
    const abort = this.#abort = new AbortController();
    this.#box.setAttribute('aria-busy', 'true');
    try {
      const message = await api.message(id, abort.signal);
      if (abort.signal.aborted)
        return;

      this.#message = message;
      this.#build(message);
      this.#on.shown(message);
    } catch (error) {
      if (error.name === 'AbortError')
        return;

      if (error.status === 404)
        this.#on.gone(id);
      else
        this.#on.failed(error);
    } finally {
      if (abort === this.#abort)
        this.#box.removeAttribute('aria-busy');
    }
  }

  close(text = 'No message is open.') {
    this.#abort.abort();
    this.#message = null;
    this.#tabs = [];
    this.#box.replaceChildren(el('p', { class: 'nothing' }, text));
  }

  focus() {
    this.#box.focus();
  }

  /** By the number of its key; what this message lacks does nothing. */
  openTab(number) {
    this.#open(panels[number - 1]?.name, true);
  }

  setSeen(seen) {
    if (this.#message === null)
      return;

    this.#message.seen = seen;
    this.#unseen.textContent = seen ? 'Mark unread' : 'Mark read';
  }

  #build(message) {
    const there = panels.filter(panel => panel.there(message));
    this.#tabs = there.map(panel => ({
      panel,
      filled: false,
      button: el('button', {
        type: 'button', role: 'tab', id: `tab-${panel.name}`, 'aria-controls': `panel-${panel.name}`,
        click: () => this.#open(panel.name, true), keydown: event => this.#step(event),
      }, panel.label(message)),
      box: el('div', { role: 'tabpanel', id: `panel-${panel.name}`, class: `panel ${panel.name}`, 'aria-labelledby': `tab-${panel.name}`, hidden: true }),
    }));
    this.#unseen = this.#button('', () => this.#on.seen(message.id, !message.seen));
    this.setSeen(message.seen);
    const focused = this.#box.contains(document.activeElement);
    this.#box.replaceChildren(
      el('div', { class: 'head' }, el('h2', {}, message.subject || '(no subject)'), this.#actions(message)),
      el('dl', { class: 'who' },
        pair('From', message.from), pair('To', message.to), pair('Cc', message.cc),
        pair('Reply to', (message.replyTo ?? []).filter(address => address !== message.from)),
        pair('Date', longTime(message.date ?? message.received))),
      el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Views of the message' }, this.#tabs.map(tab => tab.button)),
      ...this.#tabs.map(tab => tab.box));
    this.#box.scrollTop = 0;
    if (focused)
      this.focus();

    this.#open(this.#tabs.some(tab => tab.panel.name === this.#preferred) ? this.#preferred : this.#tabs[0].panel.name);
  }

  #actions(message) {
    return el('div', { class: 'actions' },
      this.#button('‹ Back', () => this.#on.back(), 'back'),
      this.settings.canRelease ? this.#button('Release…', () => this.#on.release(message)) : null,
      this.#unseen,
      el('a', { href: api.address(message.id, 'source?download=1'), download: '' }, 'Download'),
      this.settings.canDelete ? this.#button('Delete', () => this.#on.remove(message.id), 'danger') : null);
  }

  #button(label, click, kind = '') {
    return el('button', { type: 'button', class: kind, click }, label);
  }

  async #open(name, chosen = false) {
    const open = this.#tabs.find(tab => tab.panel.name === name);
    if (open === undefined)
      return;

    if (chosen)
      this.#preferred = name;

    for (const tab of this.#tabs) {
      tab.box.hidden = tab !== open;
      tab.button.setAttribute('aria-selected', `${tab === open}`);
      tab.button.tabIndex = tab === open ? 0 : -1;
    }

    if (open.filled)
      return;

    open.filled = true;
    const { signal } = this.#abort;
    try {
      await open.panel.fill(open.box, this.#message, signal);
    } catch (error) {
      if (error.name === 'AbortError' || signal.aborted)
        return;

      open.filled = false;
      open.box.replaceChildren(el('p', { class: 'fault', role: 'alert' }, error.message));
    }
  }

  #step(event) {
    const from = this.#tabs.findIndex(tab => tab.button === event.currentTarget);
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: this.#tabs.length - 1 }[event.key];
    const tab = to === undefined ? undefined : this.#tabs[(to + this.#tabs.length) % this.#tabs.length];
    if (tab === undefined)
      return;

    event.preventDefault();
    event.stopPropagation();
    tab.button.focus();
    this.#open(tab.panel.name, true);
  }
}

/** A name and its values, or nothing where there is no value. */
function pair(name, values) {
  const text = [values ?? []].flat().filter(Boolean).join(', ');
  return text ? el('div', {}, el('dt', {}, name), el('dd', {}, text)) : null;
}
