// What stands where no message does.

import { el } from './dom.js';

export function explainFirst(box, settings, mailboxes, query) {
  if (query) {
    box.replaceChildren(el('p', {}, `Nothing found for “${query}”.`), el('p', { class: 'hint' }, 'Esc in the search field ends the search.'));
    return;
  }

  const { account } = mailboxes.scope;
  const to = account || mailboxes.accounts[0] || 'you@example.org';
  const endpoint = settings.smtp.find(one => one.name === 'smtp') ?? settings.smtp.find(one => one.tls !== 'implicit');
  const [host, port] = endpoint ? [endpoint.address, endpoint.port] : [settings.host || 'localhost', 25];
  const line = `printf 'Subject: Hello\\r\\n\\r\\nIt works.\\r\\n' | curl --url 'smtp://${host}:${port}' --mail-from me@example.com --mail-rcpt '${to.replaceAll("'", '')}' --upload-file -`;
  box.replaceChildren(
    el('p', {}, 'No mail yet. What is sent to this server appears here at once.'),
    el('p', { class: 'hint' }, 'Send a first message:'),
    el('pre', { tabindex: '0' }, line),
    endpoint ? el('p', { class: 'hint' }, `Or let your application send by SMTP to ${host}, port ${port}.`) : el('p', { class: 'hint' }, 'Your application sends to the SMTP port of this server.'));
}
