// The server's JSON API, relative to the page.

// Without this header the server changes nothing: another site's page can't send it.
const Marker = { 'X-MailCore-Inbox': '1' };

/** Octets; more of a text is not shown, but can be downloaded. */
const TextLimit = 512 * 1024;

export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(`api/${path}`, { credentials: 'same-origin', redirect: 'manual', ...options });
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;

    throw new ApiError('The server does not answer.');
  }

  if (response.ok)
    return response;

  // A login page would be a redirect, which is not followed.
  if (response.type === 'opaqueredirect' || response.status === 401)
    throw new ApiError('You are not signed in any more. Load the page again.', 401);

  let problem = null;
  try {
    problem = await response.json();
  } catch {
    // No ProblemDetails; the status must do.
  }

  throw new ApiError(problem?.detail ?? problem?.title ?? `The server answered ${response.status}.`, response.status);
}

const json = async (path, signal) => (await call(path, { signal, headers: { Accept: 'application/json' } })).json();

const change = (method, path, body) => call(path, body === undefined
  ? { method, headers: Marker }
  : { method, headers: { ...Marker, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

function queryString(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '')
      query.set(name, value);
  }

  return query.toString();
}

const one = id => `messages/${encodeURIComponent(id)}`;

export const api = {
  settings: () => json('settings'),
  mailboxes: () => json('mailboxes'),
  list: (filter, signal) => json(`messages?${queryString(filter)}`, signal),
  message: (id, signal) => json(one(id), signal),
  remove: id => change('DELETE', one(id)),
  empty: scope => change('DELETE', `messages?${queryString(scope)}`),
  setSeen: (id, seen) => change('POST', `${one(id)}/seen`, { seen }),
  release: async (id, to) => (await change('POST', `${one(id)}/release`, { to })).json(),

  /** Of a message's html, source, text, transcript or a part. */
  address: (id, tail) => `api/${one(id)}/${tail}`,
  partAddress: (id, section) => `api/${one(id)}/parts/${encodeURIComponent(section)}`,

  /** The start of a text, and whether there is more. */
  async text(id, kind, signal, limit = TextLimit) {
    const reader = (await call(`${one(id)}/${kind}`, { signal })).body.getReader();
    const decoder = new TextDecoder();
    let [text, count] = ['', 0];
    for (;;) {
      const { done, value } = await reader.read();
      if (done)
        return { text: text + decoder.decode(), cut: false };

      const room = limit - count;
      text += decoder.decode(value.subarray(0, room), { stream: true });
      count += value.length;
      if (count > limit) {
        await reader.cancel();
        return { text, cut: true };
      }
    }
  },
};

/** Server-sent events. The browser resumes by Last-Event-ID; where it gives up, this begins anew and asks for a reload. */
export class EventFeed {
  #on;
  #source = null;
  #timer = 0;
  #delay = 1000;
  #anew = false;

  /** @param on { event(kind, data), live(), lost(), reset() } */
  constructor(on) {
    this.#on = on;
    addEventListener('online', () => this.#retry());
    document.addEventListener('visibilitychange', () => document.hidden || this.#retry());
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = this.#source = new EventSource('api/events');
    source.addEventListener('open', () => {
      this.#delay = 1000;
      this.#on.live();
      if (this.#anew)
        this.#on.reset();

      this.#anew = false;
    });
    source.addEventListener('error', () => {
      this.#on.lost();
      if (source.readyState !== EventSource.CLOSED)
        return;

      this.#anew = true;
      this.#timer = setTimeout(() => this.#connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, 10_000);
    });
    source.addEventListener('reset', () => this.#on.reset());
    for (const kind of ['added', 'removed', 'changed'])
      source.addEventListener(kind, event => this.#on.event(kind, JSON.parse(event.data)));
  }

  #retry() {
    if (this.#source.readyState === EventSource.OPEN)
      return;

    this.#anew = true;
    this.#connect();
  }
}
