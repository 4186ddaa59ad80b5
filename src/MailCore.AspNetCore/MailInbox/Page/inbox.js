// Ties the page together: what the server tells, what the reader of mail does, what is shown.

import { api, EventFeed } from './api.js';
import { ask, askEmpty, askRelease } from './dialogs.js';
import { MessageList } from './list.js';
import { Mailboxes } from './mailboxes.js';
import { Reader } from './reader.js';
import { MessageStore } from './store.js';
import { plural } from './dom.js';
import { explainFirst } from './first.js';

const $ = id => document.getElementById(id);
const narrow = matchMedia('(max-width: 760px)');

// More changed messages than this are cheaper to list anew.
const MaxReread = 20;

let settings = { canDelete: false, canRelease: false, smtp: [] };

const store = new MessageStore({ changed: showRows, failed: showError });
const mailboxes = new Mailboxes($('mailbox'), { chosen: reload, changed: showCounts, failed: showError });
const list = new MessageList($('list'), store, { select: openSoon, open: () => setReading(true) });
const reader = new Reader($('reader'), {
  shown,
  failed: showError,
  gone: id => closeReader(id, 'This message has been deleted.'),
  back: () => leaveReader(),
  remove: removeMessage,
  release: releaseMessage,
  seen: setSeen,
});

// ---- what is shown

function showRows(arrived) {
  list.update(arrived);
  $('none').hidden = store.total > 0;
  $('list').hidden = store.total === 0;
  if (store.total === 0)
    explainFirst($('none'), settings, mailboxes, store.filter.query);

  showCounts();
  if (arrived.length > 0)
    announce(arrived);
}

function showCounts() {
  const { unseen, messages } = mailboxes.counts;
  const shown = plural(store.counted ? store.total : store.items.length, 'message');
  $('count').textContent = store.filter.query
    ? `${shown} found${store.counted ? '' : ' so far'}`
    : unseen > 0 ? `${shown}, ${unseen.toLocaleString()} unread` : shown;
  document.title = `${unseen > 0 ? `(${unseen}) ` : ''}Inbox${settings.host ? ` – ${settings.host}` : ''}`;
  $('empty').hidden = !settings.canDelete || messages === 0;
}

let waiting = 0;

function announce(arrived) {
  const [first] = arrived;
  $('said').textContent = arrived.length === 1
    ? `New message from ${first.from || 'nobody'}: ${first.subject || 'no subject'}`
    : `${arrived.length} new messages`;
  waiting = list.atTop ? 0 : waiting + arrived.length;
  showWaiting();
}

function showWaiting() {
  $('arrived').hidden = waiting === 0;
  $('arrived').textContent = `${plural(waiting, 'new message')} ↑`;
}

function showError(error) {
  $('error').replaceChildren(error.message, button('Try again', () => error.status === 401 ? location.reload() : reload()), button('Close', hideError));
  $('error').hidden = false;
}

const hideError = () => $('error').hidden = true;

function button(label, click) {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = label;
  element.addEventListener('click', click);
  return element;
}

let toastTimer = 0;

function toast(text) {
  clearTimeout(toastTimer);
  $('toast').textContent = text;
  $('toast').hidden = false;
  toastTimer = setTimeout(() => $('toast').hidden = true, 6000);
}

function setReading(on) {
  document.body.classList.toggle('reading', on);
}

// ---- the message that is open

let openTimer = 0;

// Whoever holds j down reads none of those in between.
function openSoon(item) {
  history.replaceState(null, '', `#${item.id}`);
  clearTimeout(openTimer);
  openTimer = setTimeout(() => reader.show(item.id), reader.id === null ? 0 : 60);
}

function shown(message) {
  if (!message.seen)
    setSeen(message.id, true);
}

async function setSeen(id, seen) {
  store.setSeen(id, seen);
  if (reader.id === id)
    reader.setSeen(seen);

  await attempt(() => api.setSeen(id, seen));
}

async function removeMessage(id) {
  if (!settings.canDelete)
    return;

  const next = list.neighbour(id);
  if (list.selected === id)
    list.select(next);

  if (next === null)
    closeReader(id);

  store.drop([id]);
  await attempt(() => api.remove(id));
}

function releaseMessage(message) {
  askRelease(settings.releaseHint, async to => {
    const { recipients = [] } = await api.release(message.id, to);
    const refused = recipients.filter(recipient => !recipient.accepted).map(({ address, reply }) => `${address}: ${reply}`);
    toast(refused.length > 0 ? `Not released to ${refused.join('; ')}` : `Released to ${to.join(', ')}.`);
  });
}

function closeReader(id, text) {
  // Another one is about to be shown in its place.
  if (list.selected !== null && list.selected !== id)
    return;

  // Another client may have deleted it while somebody types elsewhere on the page.
  const focused = document.activeElement === document.body || $('reader').contains(document.activeElement);
  clearTimeout(openTimer);
  list.mark(null);
  history.replaceState(null, '', location.pathname + location.search);
  reader.close(text);
  setReading(false);
  if (focused)
    list.focus();
}

function leaveReader() {
  setReading(false);
  list.focus();
}

/** Runs what the server may refuse; then the page shows what is true again. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error.status === 404)
      return;

    await reload();
    showError(error);
  }
}

// ---- what the server tells

async function reload() {
  hideError();
  waiting = 0;
  showWaiting();
  await Promise.all([
    mailboxes.refresh(),
    store.load({ query: $('search').value.trim(), ...mailboxes.scope }, list.atTop ? 0 : list.end),
  ]);
  if (reader.id !== null && reader.id === list.selected && store.indexOf(reader.id) < 0)
    await checkOpen(reader.id);
}

/** The open message is not among the rows: not loaded, not found by the search, or gone. */
async function checkOpen(id) {
  try {
    await api.message(id);
  } catch (error) {
    if (error.status === 404 && reader.id === id)
      closeReader(id, 'This message has been deleted.');
  }
}

const news = { added: new Set(), removed: new Set(), changed: new Set() };
let newsTimer = 0;

function take(kind, { id }) {
  news[kind].add(id);
  newsTimer ||= setTimeout(digest, 50);
}

// Events come by the thousand when a mailbox is filled or emptied.
async function digest() {
  newsTimer = 0;
  const [added, removed, changed] = [news.added, news.removed, news.changed].map(ids => [...ids]);
  for (const ids of Object.values(news))
    ids.clear();

  mailboxes.refresh();
  if (removed.length > 0) {
    store.drop(removed);
    if (removed.includes(reader.id))
      closeReader(reader.id, 'This message has been deleted.');
  }

  if (changed.length > MaxReread)
    await reload();
  else
    await store.reread(changed);

  if (reader.id !== null && changed.includes(reader.id))
    reader.setSeen(store.items[store.indexOf(reader.id)]?.seen ?? true);

  if (added.length > 0)
    await store.refresh();
}

function setLive(state, text) {
  $('live').dataset.state = state;
  $('live').textContent = text;
}

// ---- what the reader of mail does

let searchTimer = 0;
$('search').addEventListener('input', () => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(search, 200);
});
$('search').addEventListener('keydown', event => {
  if (event.key === 'Enter')
    list.focus();

  if (event.key !== 'Escape')
    return;

  event.preventDefault();
  list.focus();
  if ($('search').value !== '') {
    $('search').value = '';
    search();
  }
});

function search() {
  clearTimeout(searchTimer);
  list.toTop();
  reload();
}

$('list').addEventListener('scroll', () => {
  if (list.atTop && waiting > 0) {
    waiting = 0;
    showWaiting();
  }
}, { passive: true });
$('arrived').addEventListener('click', () => list.toTop());
$('keys').addEventListener('click', () => ask('keys'));
$('empty').addEventListener('click', () => askEmpty(mailboxes.label, plural(mailboxes.counts.messages, 'message'), async () => {
  const { account, mailbox } = mailboxes.scope;
  await api.empty({ account, mailbox });
  const open = reader.message;
  if (open && (!account || open.account === account) && (!mailbox || open.mailbox === mailbox))
    closeReader(open.id);

  await reload();
}));

const keys = {
  j: () => list.move(1),
  k: () => list.move(-1),
  ArrowDown: () => list.move(1),
  ArrowUp: () => list.move(-1),
  Home: () => list.move(-Infinity),
  End: () => list.move(Infinity),
  Enter: () => list.selected !== null && (setReading(true), reader.focus()),
  '/': () => $('search').select(),
  u: () => reader.message && setSeen(reader.id, !reader.message.seen),
  r: () => settings.canRelease && reader.message && releaseMessage(reader.message),
  Delete: () => list.selected !== null && removeMessage(list.selected),
  Escape: () => leaveReader(),
  '?': () => ask('keys'),
};

document.addEventListener('keydown', event => {
  const { target, key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || document.querySelector('dialog[open]'))
    return;

  // Fields, buttons and scrolling texts keep their own keys.
  const inList = $('list').contains(target) || target === document.body;
  if (target.closest('input:not([type=radio], [type=checkbox]), select') || !inList && ['Enter', 'ArrowDown', 'ArrowUp', 'Home', 'End'].includes(key))
    return;

  const act = /^[1-8]$/.test(key) ? () => reader.openTab(Number(key)) : keys[key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// A hidden reader on a wide screen is none.
narrow.addEventListener('change', () => setReading(narrow.matches && reader.id !== null));

// ---- start

async function start() {
  let opened;
  const first = new Promise(resolve => opened = resolve);
  let lost = false;
  new EventFeed({
    live: () => {
      setLive('live', 'Live');
      opened();
      if (lost)
        hideError();

      lost = false;
    },
    lost: () => {
      lost = true;
      setLive('lost', 'Reconnecting…');
    },
    reset: reload,
    event: take,
  });

  try {
    settings = { smtp: [], ...await api.settings() };
    reader.settings = settings;
  } catch (error) {
    showError(error);
  }

  // What comes while the list is being loaded is told by the feed, if that is open by then.
  await Promise.race([first, new Promise(resolve => setTimeout(resolve, 1000))]);
  await reload();
  const id = decodeURIComponent(location.hash.slice(1));
  if (id !== '') {
    list.mark(id);
    setReading(true);
    await reader.show(id);
  }

  list.focus();
}

start();
