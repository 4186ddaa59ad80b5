// The tabs of a message. Each is filled when it is first opened.

import { api } from './api.js';
import { el, linked, octets, outward, plural, safeLink } from './dom.js';

// What a browser draws without running anything; SVG is not among them.
const Pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const MaxLinks = 100;

// Octets; pictures stand in it.
const MaxHtml = 16 * 1024 * 1024;

/** In the order of the keys 1 to 8. */
export const panels = [
  { name: 'html', label: () => 'HTML', there: message => message.hasHtml, fill: html },
  { name: 'text', label: () => 'Text', there: message => message.hasText, fill: plainText },
  { name: 'headers', label: () => 'Headers', there: () => true, fill: headers },
  { name: 'source', label: () => 'Source', there: () => true, fill: source },
  {
    name: 'attachments',
    label: message => `Attachments (${message.attachmentParts.length})`,
    there: message => message.attachmentParts.length > 0,
    fill: attachments,
  },
  { name: 'structure', label: () => 'Structure', there: message => Boolean(message.parts), fill: structure },
  { name: 'envelope', label: () => 'Envelope', there: message => Boolean(message.envelope), fill: envelope },
  { name: 'transcript', label: () => 'Transcript', there: message => message.hasTranscript, fill: transcript },
];

const Widths = [['phone', 'Phone', '375 px wide'], ['tablet', 'Tablet', '768 px wide'], ['full', 'Full', 'as wide as the pane']];
let width = 'full';

async function html(panel, message, signal) {
  // Nothing is allowed to it: no scripts, no forms, no pop-ups, no navigation of this page, an origin of its own.
  const frame = el('iframe', { sandbox: '', title: 'HTML of the message', referrerpolicy: 'no-referrer', src: api.address(message.id, 'html') });
  const stage = el('div', { class: 'stage', 'data-width': width }, frame);
  const choices = Widths.map(([value, label, title]) => el('label', { title },
    el('input', { type: 'radio', name: 'width', value, checked: value === width, change: () => stage.dataset.width = width = value }), label));
  const links = el('details', { class: 'links', hidden: true });
  panel.append(
    el('div', { class: 'tools' }, el('fieldset', { class: 'widths' }, el('legend', { class: 'spoken' }, 'Width'), choices),
      el('span', { class: 'hint' }, 'Scripts do not run, and nothing is loaded from elsewhere.')),
    stage, links);

  const found = linksOf((await api.text(message.id, 'html', signal, MaxHtml)).text);
  if (found.length === 0)
    return;

  links.append(el('summary', {}, plural(found.length, 'link')), el('ul', {}, found.slice(0, MaxLinks).map(([text, address]) =>
    el('li', {}, text ? `${text}: ` : null, outward(address, address)))));
  if (found.length > MaxLinks)
    links.append(el('p', { class: 'hint' }, `${found.length - MaxLinks} more are not shown.`));

  links.hidden = false;
}

/** A parser's document has no window: it runs nothing and loads nothing. */
function linksOf(markup) {
  const links = new Map();

  // It would tell the console of every style that this page's policy forbids.
  const unstyled = markup.replace(/\sstyle\s*=/gi, ' data-style=');
  for (const anchor of new DOMParser().parseFromString(unstyled, 'text/html').querySelectorAll('a[href], area[href]')) {
    const address = safeLink(anchor.getAttribute('href').trim());
    if (address !== null && !links.has(address))
      links.set(address, anchor.textContent.trim().replace(/\s+/g, ' ').slice(0, 80));
  }

  return [...links].map(([address, text]) => [text === address ? '' : text, address]);
}

async function plainText(panel, message, signal) {
  const { text, cut } = await api.text(message.id, 'text', signal);
  panel.append(el('pre', { class: 'text', tabindex: '0' }, linked(text)), ...more(cut));
}

function headers(panel, message) {
  const table = el('table', { class: 'headers' });
  const show = raw => table.replaceChildren(...message.headers.map(field => raw
    ? el('tr', {}, el('td', { class: 'raw' }, field.raw.trimEnd()))
    : el('tr', {}, el('th', { scope: 'row' }, field.name), el('td', {}, field.value))));
  panel.append(
    el('div', { class: 'tools' }, el('label', {}, el('input', { type: 'checkbox', change: event => show(event.target.checked) }), 'As it was sent')),
    table);
  show(false);
}

async function source(panel, message, signal) {
  const { text, cut } = await api.text(message.id, 'source', signal);
  panel.append(
    el('div', { class: 'tools' }, el('a', { href: api.address(message.id, 'source?download=1'), download: '' }, 'Download'), octets(message.size)),
    el('pre', { tabindex: '0' }, text), ...more(cut));
}

function attachments(panel, message) {
  panel.append(el('ul', { class: 'files' }, message.attachmentParts.map(part => {
    const address = api.partAddress(message.id, part.section);
    return el('li', {},
      Pictures.includes(part.contentType) ? el('img', { src: address, alt: '', loading: 'lazy' }) : null,
      el('a', { href: address, download: part.fileName ?? '' }, part.fileName || `Part ${part.section}`),
      el('span', { class: 'hint' }, `${part.contentType}, ${octets(part.size)}`));
  })));
}

function structure(panel, message) {
  panel.append(el('ul', { class: 'tree' }, branch(message, message.parts)));
}

function branch(message, part) {
  const type = part.charset ? `${part.contentType}; charset=${part.charset}` : part.contentType;
  const inside = part.parts ?? [];
  return el('li', {},
    el('span', { class: 'section' }, part.section.replace(/\.?TEXT$/, '') || '·'),
    inside.length === 0 ? el('a', { href: api.partAddress(message.id, part.section), download: part.fileName ?? '' }, type) : type,
    el('span', { class: 'hint' }, [part.encoding, octets(part.size ?? 0), part.disposition, part.fileName].filter(Boolean).join(', ')),
    inside.length > 0 ? el('ul', {}, inside.map(child => branch(message, child))) : null);
}

function envelope(panel, { envelope }) {
  const rows = [
    ['MAIL FROM', `<${envelope.mailFrom ?? ''}>`],
    ...(envelope.recipients ?? []).map(recipient => ['RCPT TO', `<${recipient}>`]),
    ['Client', envelope.client], ['HELO', envelope.helo], ['TLS', envelope.tls || 'none'], ['Login', envelope.login || 'none'],
  ];
  panel.append(el('table', { class: 'headers' }, ...rows.filter(([, value]) => value).map(([name, value]) =>
    el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, value)))));
}

async function transcript(panel, message, signal) {
  const { text, cut } = await api.text(message.id, 'transcript', signal);
  panel.append(el('pre', { class: 'dialog', tabindex: '0' }, text.split('\n').map(line =>
    el('span', { class: line.startsWith('C:') ? 'client' : line.startsWith('S:') ? 'server' : 'note' }, `${line}\n`))), ...more(cut));
}

const more = cut => cut ? [el('p', { class: 'hint' }, 'Only the start is shown; the download has all of it.')] : [];
