// The rows between the newest and the last page fetched, newest first, as the table asks for them by
// index. Pages far from the reader are forgotten and fetched again by their cursor, so that memory
// stays flat however far someone scrolls and however long the log is left open.

const KEPT_PAGES = 12;
const HEAD_LIMIT = 1500;
const HEAD_KEPT = 500;

/** Newest first; rows of one millisecond by id, as the API sorts. */
export const isNewer = (a, b) => (a.created_at === b.created_at ? a.id > b.id : a.created_at > b.created_at);

export class RowWindow {
  /** `fetchPage({cursor} | {until})` resolves to `{items, next}`. */
  constructor(fetchPage) {
    this.fetchPage = fetchPage;
    this.pages = [];
    this.size = 0;
    this.more = { cursor: null };
    this.lastSeq = 0;
    this.byId = new Map();
    this.pending = new Map();
  }

  /** Whether rows older than the last fetched one exist. */
  get complete() {
    return this.more === null;
  }

  /** The row at an index, or undefined while its page is forgotten. */
  at(index) {
    const [page, offset] = this.#locate(index);
    return page?.rows?.[offset];
  }

  indexOf(id) {
    let start = 0;
    for (const page of this.pages) {
      const at = page.rows ? page.rows.findIndex((row) => row.id === id) : -1;
      if (at >= 0) return start + at;
      start += page.count;
    }
    return -1;
  }

  /** Fetches the page after the last one. */
  loadMore() {
    if (this.complete) return Promise.resolve(false);
    this.loading ??= this.#append(this.more).finally(() => { this.loading = null; });
    return this.loading;
  }

  async #append(from) {
    const { items, next } = await this.fetchPage(from);
    const fresh = items.filter((row) => !this.byId.has(row.id));
    this.more = next ? { cursor: next } : null;
    if (fresh.length) this.pages.push({ rows: fresh, count: fresh.length, from });
    for (const row of fresh) this.#know(row);
    this.size += fresh.length;
    return true;
  }

  /** Makes the pages of these indexes present again and forgets those far from them. */
  async ensure(first, last) {
    const [near] = this.#locate(first);
    const middle = Math.max(0, this.pages.indexOf(near));
    const absent = this.pages.filter((page, i) => !page.rows && i >= middle - 1 && i <= this.pages.indexOf(this.#locate(last)[0]) + 1);
    await Promise.all(absent.map((page) => this.#restore(page)));
    this.pages.forEach((page, i) => {
      // The first page holds what came live and has no cursor of its own.
      if (page.rows && i > 0 && Math.abs(i - middle) > KEPT_PAGES) {
        for (const row of page.rows) this.byId.delete(row.id);
        page.rows = null;
      }
    });
    return absent.length > 0;
  }

  async #restore(page) {
    page.restoring ??= this.fetchPage(page.from).then(({ items }) => {
      page.rows = items.filter((row) => !this.byId.has(row.id));
      for (const row of page.rows) this.#know(row);
      this.size += page.rows.length - page.count;
      page.count = page.rows.length;
    }).finally(() => { page.restoring = null; });
    return page.restoring;
  }

  /**
   * Takes rows of the live stream. Known ones are renewed in place; new ones are put in, or, while
   * the reader is elsewhere (`hold`), only counted. Returns `{added, changed}`.
   */
  apply(rows, hold) {
    let added = 0;
    const changed = new Set();
    for (const row of rows) {
      this.lastSeq = Math.max(this.lastSeq, row.seq);
      const known = this.byId.get(row.id);
      if (known) {
        if (row.seq > known.seq) changed.add(Object.assign(known, row).id);
      } else if (hold) {
        this.pending.set(row.id, row);
        // Beyond this many the list is fetched anew, so only the number counts.
        if (this.pending.size > HEAD_LIMIT) this.overflow = (this.overflow ?? 0) + 1, this.pending.delete(this.pending.keys().next().value);
      } else if (this.#insert(row)) {
        added += 1;
      }
    }
    if (!hold && this.pages[0]?.count > HEAD_LIMIT) this.#trim();
    return { added, changed };
  }

  /** Keeps only the newest `n` rows, for lists that promise no more. */
  cap(n) {
    const [first, ...rest] = this.pages;
    if (!first || this.size <= n) return;
    for (const page of rest) for (const row of page.rows ?? []) this.byId.delete(row.id);
    for (const row of first.rows.splice(n)) this.byId.delete(row.id);
    this.pages = [first];
    this.size = first.count = first.rows.length;
  }

  /** How many rows wait to be shown. */
  get waiting() {
    return this.pending.size + (this.overflow ?? 0);
  }

  /** Puts in what waited. False: too much came, the list has to be fetched anew. */
  release() {
    if (this.overflow) return false;
    const rows = [...this.pending.values()];
    this.pending.clear();
    this.apply(rows, false);
    return true;
  }

  #insert(row) {
    let start = 0;
    for (const page of this.pages) {
      const oldest = page.rows?.at(-1);
      if (oldest && (isNewer(row, oldest))) {
        let at = page.rows.findIndex((other) => isNewer(row, other));
        if (at < 0) at = page.rows.length;
        page.rows.splice(at, 0, row);
        page.count += 1;
        this.size += 1;
        this.#know(row);
        return true;
      }
      start += page.count;
    }
    // Older than all that was fetched: it comes with its page, unless there is no page to come.
    if (!this.complete) return false;
    if (!this.pages.length) this.pages.push({ rows: [], count: 0, from: { cursor: null } });
    const last = this.pages.at(-1);
    if (!last.rows) return false;
    last.rows.push(row);
    last.count += 1;
    this.size += 1;
    this.#know(row);
    return true;
  }

  /** Forgets all but the newest rows; the rest is fetched again by time when it is wanted. */
  #trim() {
    const head = this.pages[0];
    head.rows.length = HEAD_KEPT;
    head.count = HEAD_KEPT;
    this.pages = [head];
    this.size = HEAD_KEPT;
    this.byId = new Map(head.rows.map((row) => [row.id, row]));
    const last = head.rows.at(-1);
    this.more = { until: new Date(Date.parse(last.created_at) + 1).toISOString() };
  }

  #know(row) {
    this.byId.set(row.id, row);
    this.lastSeq = Math.max(this.lastSeq, row.seq);
  }

  #locate(index) {
    let start = 0;
    for (const page of this.pages) {
      if (index < start + page.count) return [page, index - start];
      start += page.count;
    }
    return [];
  }
}
