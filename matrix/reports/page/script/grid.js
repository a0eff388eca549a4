"use strict";
/* The grid: headers that stay in view, and of the cells only those in view, since a page has thousands. All rows have one
   height and all columns one width, so where a cell stands follows from its numbers. Keys move a focus, which is one
   cell's. */

const ROWS_BESIDE_VIEW = 6, COLUMNS_BESIDE_VIEW = 4;
const COLUMNS_BEFORE_CELLS = 3;  // grid lines count from 1, behind the client and the counts

class Grid {
  /** `open` is called with the row and the column of a cell. */
  constructor(sheet, scroll, grid, open) {
    Object.assign(this, { sheet, scroll, grid, open, lines: [], focus: { line: 0, place: 0 }, drawn: new Map() });
    this.top = element("div", { class: "top", role: "rowgroup" });
    this.body = element("div", { role: "rowgroup", class: "body" });
    this.before = element("div", { role: "presentation" });
    this.after = element("div", { role: "presentation" });
    grid.append(this.top, this.before, this.body, this.after);
    scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    addEventListener("resize", () => this.draw());
    scroll.addEventListener("keydown", event => this.key(event));
    grid.addEventListener("click", event => this.click(event));
    grid.addEventListener("focusin", event => this.focused(event.target));
  }

  /** Shows what the filters left. */
  show(shown) {
    const counts = countsOf(this.sheet, shown);
    this.shown = shown;
    this.lines = [];
    let group = -1;
    shown.rows.forEach((each, number) => {
      if (each.row.group !== group && this.sheet.groups.length > 1) this.lines.push({ title: each.row.scenario });
      group = each.row.group;
      this.lines.push({ ...each, counts: counts.rows[number] });
    });
    this.grid.style.setProperty("--columns", shown.columns.length);
    const heads = this.heads(shown.columns, counts.columns);
    heads.forEach((line, number) => line.setAttribute("aria-rowindex", number + 1));
    this.headRows = heads.length;
    this.grid.setAttribute("aria-rowcount", this.lines.length + heads.length);
    this.grid.setAttribute("aria-colcount", shown.columns.length + 1);
    this.top.replaceChildren(...heads);
    this.drawn.clear();
    this.drawnRange = null;
    this.body.replaceChildren();
    const first = this.lines.findIndex(line => line.row);
    this.focus = { line: Math.max(first, 0), place: 0 };
    this.draw();
  }

  heads(columns, counts) {
    const pins = (text, rest) => [element("div", { class: "pin", role: rest ? "presentation" : "columnheader" }, text), element("div", { class: "pin counts", role: "presentation" }, rest || "")];
    const names = [];
    for (const column of columns) {
      const server = this.sheet.servers[column], last = names[names.length - 1];
      if (last && last.name === server.name) last.span += 1;
      else names.push({ name: server.name, span: 1, place: columns.indexOf(column) });
    }
    const line = (kind, cells, first, rest) => element("div", { class: `line ${kind}-line`, role: "row" }, ...pins(first, rest), ...cells);
    const cell = (kind, text, title, place) => element("div", { class: kind, role: "columnheader", title, "aria-colindex": place + 2 }, text);
    const of = (kind, text) => columns.map((column, place) => cell(kind, text(this.sheet.servers[column]), this.sheet.servers[column].title, place));
    const made = [line("name", names.map(({ name, span, place }) => {
      const head = cell("name", element("span", {}, name), name, place);
      head.style.gridColumn = `span ${span}`;
      head.setAttribute("aria-colspan", span);
      return head;
    }), "", "")];
    const servers = columns.map(column => this.sheet.servers[column]);
    if (servers.some(server => server.level || server.hypothesis)) made.push(line("level", of("level", server => `${server.level ? `@${server.level}` : ""}${server.hypothesis ? " (hypothesis)" : ""}`), "", ""));
    if (servers.some(server => server.toggles.length)) made.push(line("toggles", of("toggles", server => server.toggles.join(", ")), "", ""));
    made.push(line("counts", columns.map((column, place) => cell("counts", this.countText(counts.get(column)), this.countWords(counts.get(column)), place)), "client", "cells shown"));
    return made;
  }

  /** Counts by sign, as they are under a server and behind a client. */
  countText(counts) { return this.statesOf(counts).map(key => `${key.sign}${counts[key.key]}`).join(" "); }

  countWords(counts) { return this.statesOf(counts).map(key => `${counts[key.key]} ${key.word}`).join(", "); }

  statesOf(counts) { return this.sheet.legend.filter(key => key.kind === "state" && counts[key.key]); }

  /** Puts the cells in view into the page, and takes the others out. Nothing in between asks for a size: the browser would
      scroll back as long as rows are missing. */
  draw() {
    const range = this.range(), before = this.drawnRange || {};
    if (Object.keys(range).every(key => range[key] === before[key])) return;
    const isFocused = this.body.contains(document.activeElement), { height } = this.sizes();
    this.drawnRange = range;
    this.before.style.height = `${range.first * height}px`;
    this.after.style.height = `${(this.lines.length - range.last) * height}px`;
    if (range.left !== before.left || range.right !== before.right) this.drawn.clear();
    const lines = [];
    for (let number = range.first; number < range.last; number += 1) lines.push([number, this.drawn.get(number) || this.line(number)]);
    if (!this.drawn.size) this.body.replaceChildren(...lines.map(([, line]) => line));
    else this.replace(new Map(lines));
    this.drawn = new Map(lines);
    if (isFocused && !this.body.contains(document.activeElement)) this.scroll.focus({ preventScroll: true });
  }

  /** Takes rows out and puts others in; one that stays is not touched, since it may have the focus. */
  replace(lines) {
    for (const [number, line] of this.drawn) {
      if (!lines.has(number)) line.remove();
    }
    let next = null;
    for (const [, line] of [...lines].reverse()) {
      if (!line.isConnected) this.body.insertBefore(line, next);
      next = line;
    }
  }

  /** The rows and columns in view, and some beside it. */
  range() {
    const { height, width, pinned } = this.sizes(), { scrollTop, scrollLeft } = this.scroll, columns = this.shown.columns.length;
    const first = Math.max(0, Math.min(Math.floor(scrollTop / height) - ROWS_BESIDE_VIEW, this.lines.length));
    const left = Math.max(0, Math.floor(scrollLeft / width) - COLUMNS_BESIDE_VIEW);
    return {
      first,
      last: Math.min(this.lines.length, Math.ceil((scrollTop + innerHeight) / height) + ROWS_BESIDE_VIEW),
      left: Math.min(left, columns),
      right: Math.min(columns, Math.ceil((scrollLeft + innerWidth - pinned) / width) + COLUMNS_BESIDE_VIEW),
    };
  }

  /** The height of a row, the width of a column, and that of what stays at the left, in pixels. */
  sizes() {
    if (!this.measured || this.measured.window !== innerWidth) {
      const cell = element("div"), pins = [element("div", { class: "pin" }), element("div", { class: "pin counts" })];
      const probe = element("div", { class: "line row" }, ...pins, cell);
      this.body.append(probe);
      const { height, width } = cell.getBoundingClientRect();
      const pinned = pins.reduce((sum, pin) => sum + pin.getBoundingClientRect().width, 0);
      this.measured = { window: innerWidth, height: height || 28, width: width || 100, pinned };
      probe.remove();
    }
    return this.measured;
  }

  line(number) {
    const { title, row, hits, counts } = this.lines[number];
    if (title !== undefined) return element("div", { class: "line row group", role: "row", "aria-rowindex": number + this.headRows + 1 }, element("div", { class: "pin", role: "rowheader" }, title));
    const client = this.sheet.clients[row.client];
    const made = element("div", { class: "line row", role: "row", "aria-rowindex": number + this.headRows + 1 },
      element("div", { class: "pin client", role: "rowheader", title: client.title }, client.id),
      element("div", { class: "pin counts", role: "presentation", title: this.countWords(counts) }, this.countText(counts)));
    for (let place = this.drawnRange.left; place < this.drawnRange.right; place += 1) made.append(this.cell(row, place, hits, number));
    return made;
  }

  cell(row, place, hits, number) {
    const made = this.cellOf(row, this.shown.columns[place], place, hits, number);
    made.style.gridColumn = place + COLUMNS_BEFORE_CELLS;
    return made;
  }

  cellOf(row, column, place, hits, number) {
    const look = this.sheet.look(row, column);
    const focus = this.focus.line === number && this.focus.place === place ? 0 : -1;
    const attributes = { role: "gridcell", tabindex: focus, "data-line": number, "data-place": place, "aria-colindex": place + 2 };
    if (!look) return element("div", { ...attributes, class: "empty", "aria-label": "no cell" });
    const marks = this.sheet.marks(look);
    const words = [this.sheet.idOf(row, column), look.said, look.agreed].filter(Boolean).join("; ");
    return element("div", { ...attributes, class: [look.state, ...look.traits, hits[column] ? "" : "dim"].join(" ").trim(), title: words },
      `${look.sign} ${look.word}`, ...marks.map(key => element("span", { "aria-label": key.word }, key.sign)));
  }

  focused(target) {
    if (target.dataset.line === undefined) return;
    for (const cell of this.grid.querySelectorAll('[tabindex="0"]')) cell.setAttribute("tabindex", -1);
    target.setAttribute("tabindex", 0);
    this.focus = { line: Number(target.dataset.line), place: Number(target.dataset.place) };
  }

  click(event) {
    const cell = event.target.closest('[role="gridcell"]');
    if (!cell) return;
    cell.focus();
    this.enter();
  }

  enter() {
    const { row } = this.lines[this.focus.line] || {}, column = this.shown.columns[this.focus.place];
    if (row && column !== undefined && this.sheet.look(row, column)) this.open(row, column);
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    const { line, place } = this.focus, last = this.shown.columns.length - 1, page = Math.max(1, Math.floor(this.scroll.clientHeight / this.sizes().height) - 3);
    const to = {
      ArrowDown: [line + 1, place], ArrowUp: [line - 1, place], ArrowRight: [line, place + 1], ArrowLeft: [line, place - 1],
      PageDown: [line + page, place], PageUp: [line - page, place],
      Home: event.ctrlKey ? [0, 0] : [line, 0], End: event.ctrlKey ? [this.lines.length - 1, last] : [line, last],
    }[event.key];
    if (event.key === "Enter" || event.key === " ") this.enter();
    else if (to) this.move(to[0], to[1], to[0] < line ? -1 : 1);
    else return;
    event.preventDefault();
  }

  /** Moves the focus, over titles of groups, as far as there are cells. */
  move(line, place, step) {
    const from = Math.min(Math.max(line, 0), this.lines.length - 1);
    const next = by => { let number = from; while (this.lines[number] && !this.lines[number].row) number += by; return number; };
    const number = this.lines[next(step)] ? next(step) : next(-step);
    if (!this.lines[number]) return;
    this.focusOn(number, Math.min(Math.max(place, 0), this.shown.columns.length - 1));
  }

  focusOn(number, place) {
    const { height, width, pinned } = this.sizes(), above = this.top.offsetHeight, { scroll } = this;
    const top = number * height, left = place * width;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + height + above > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + height + above - scroll.clientHeight;
    if (left < scroll.scrollLeft) scroll.scrollLeft = left;
    else if (left + width + pinned > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = left + width + pinned - scroll.clientWidth;
    this.focus = { line: number, place };
    this.draw();
    const cell = this.drawn.get(number).querySelector(`[data-place="${place}"]`);
    if (!cell) return;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });  // where the page itself has to be scrolled
  }

  /** Puts the focus on a cell, if it is shown. */
  focusCell(row, column) {
    const number = this.lines.findIndex(line => line.row === row), place = this.shown.columns.indexOf(column);
    if (number >= 0 && place >= 0) this.focusOn(number, place);
  }
}
