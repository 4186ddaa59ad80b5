// Elements are built by hand. What a message says becomes text or an attribute's value, never markup.

/** Functions among the attributes are listeners; null, undefined and false leave an attribute out. Children may be arrays. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : value);
  }

  for (const child of children.flat()) {
    if (child !== null && child !== undefined)
      element.append(child);
  }

  return element;
}

/** The address if a browser may open it from here, else null: no javascript:, data: or relative ones. */
export function safeLink(address) {
  try {
    const url = new URL(address);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export const outward = (address, ...children) =>
  el('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, ...children);

/** Text in which web addresses are links. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g)) {
    const address = safeLink(match[0]);
    if (address === null)
      continue;

    parts.push(text.slice(end, match.index), outward(address, match[0]));
    end = match.index + match[0].length;
  }

  return [...parts, text.slice(end)];
}

export function octets(count) {
  if (count < 1000)
    return `${count} B`;

  const [value, unit] = count < 999_500 ? [count / 1000, 'kB'] : [count / 1_000_000, 'MB'];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const year = new Intl.DateTimeFormat(undefined, { dateStyle: 'short' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

/** As short as tells it: the time of today, the day of this year, the date. */
export function shortTime(iso) {
  const [time, now] = [new Date(iso), new Date()];
  if (Number.isNaN(time.getTime()))
    return '';

  if (time.toDateString() === now.toDateString())
    return clock.format(time);

  return (time.getFullYear() === now.getFullYear() ? day : year).format(time);
}

export function longTime(iso) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? '' : exact.format(time);
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
