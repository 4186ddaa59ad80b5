// The choice of mailbox, and the numbers that stand beside it and in the title.

import { api } from './api.js';
import { el } from './dom.js';

const All = JSON.stringify(['', '']);

export class Mailboxes {
  #select;
  #on;
  #all = [];
  #shown = '';
  #busy = null;
  #again = false;

  /** @param on { chosen(), changed(), failed(error) } */
  constructor(select, on) {
    this.#select = select;
    this.#on = on;
    select.addEventListener('change', () => on.chosen());
    this.#show();
  }

  /** Empty strings where it is not limited. */
  get scope() {
    const [account, mailbox] = JSON.parse(this.#select.value);
    return { account, mailbox };
  }

  get label() {
    const { account, mailbox } = this.scope;
    return mailbox ? `${mailbox} of ${account}` : account ? `All mail of ${account}` : 'All mail';
  }

  get accounts() {
    return [...new Set(this.#all.map(mailbox => mailbox.account))];
  }

  /** Of what is chosen, whatever is searched for. */
  get counts() {
    const { account, mailbox } = this.scope;
    const chosen = this.#all.filter(one => (!account || one.account === account) && (!mailbox || one.mailbox === mailbox));
    return { messages: sum(chosen, 'messages'), unseen: sum(chosen, 'unseen') };
  }

  /** One request at a time; calls meanwhile lead to one more. */
  refresh() {
    if (this.#busy !== null) {
      this.#again = true;
      return this.#busy;
    }

    return this.#busy = this.#ask();
  }

  async #ask() {
    try {
      do {
        this.#again = false;
        this.#all = await api.mailboxes();
        this.#show();
        this.#on.changed();
      } while (this.#again);
    } catch (error) {
      this.#on.failed(error);
    } finally {
      this.#busy = null;
    }
  }

  #show() {
    const groups = this.accounts.map(account => this.#all.filter(mailbox => mailbox.account === account));
    const state = JSON.stringify(this.#all);
    if (state === this.#shown)
      return;

    this.#shown = state;
    const chosen = this.#select.value || All;
    this.#select.replaceChildren(option(All, 'All mail', sum(this.#all, 'unseen')), ...groups.map(group));
    this.#select.value = chosen;
    if (this.#select.selectedIndex < 0) {
      this.#select.value = All;
      this.#on.chosen();
    }
  }
}

function group(mailboxes) {
  const [{ account }] = mailboxes;
  if (mailboxes.length === 1)
    return option(JSON.stringify([account, '']), account, mailboxes[0].unseen);

  return el('optgroup', { label: account },
    option(JSON.stringify([account, '']), account, sum(mailboxes, 'unseen')),
    mailboxes.map(({ mailbox, unseen }) => option(JSON.stringify([account, mailbox]), `\u2003${mailbox}`, unseen)));
}

const option = (value, label, unseen) => el('option', { value }, unseen > 0 ? `${label} (${unseen})` : label);

const sum = (mailboxes, field) => mailboxes.reduce((total, mailbox) => total + mailbox[field], 0);
