"use strict";
/* The grid: headers that stay in view, and of the rows only those in view, since a page has thousands of cells. All rows
   have one height, so where a row stands follows from its number. Keys move a focus, which is one cell's. */

const ROWS_BESIDE_VIEW = 8;

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
    grid.addEventListener("keydown", event => this.key(event));
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
    this.grid.setAttribute("aria-rowcount", this.lines.length + 1);
    this.grid.setAttribute("aria-colcount", shown.columns.length + 1);
    this.top.replaceChildren(...this.heads(shown.columns, counts.columns));
    this.body.replaceChildren();
    this.drawn.clear();
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
      else names.push({ name: server.name, span: 1 });
    }
    const line = (kind, cells, first, rest) => element("div", { class: `line ${kind}-line`, role: "row" }, ...pins(first, rest), ...cells);
    const cell = (kind, text, title, role = "columnheader") => element("div", { class: kind, role, title }, text);
    const of = (kind, text) => columns.map(column => cell(kind, text(this.sheet.servers[column]), this.sheet.servers[column].title));
    const made = [line("name", names.map(({ name, span }) => {
      const head = cell("name", element("span", {}, name), name);
      head.style.gridColumn = `span ${span}`;
      head.setAttribute("aria-colspan", span);
      return head;
    }), "", "")];
    const servers = columns.map(column => this.sheet.servers[column]);
    if (servers.some(server => server.level || server.hypothesis)) made.push(line("level", of("level", server => `${server.level ? `@${server.level}` : ""}${server.hypothesis ? " (hypothesis)" : ""}`), "", ""));
    if (servers.some(server => server.toggles.length)) made.push(line("toggles", of("toggles", server => server.toggles.join(", ")), "", ""));
    made.push(line("counts", columns.map(column => cell("counts", this.countText(counts.get(column)), this.countWords(counts.get(column)))), "client", "cells shown"));
    return made;
  }

  /** Counts by sign, as they are under a server and behind a client. */
  countText(counts) { return this.statesOf(counts).map(key => `${key.sign}${counts[key.key]}`).join(" "); }

  countWords(counts) { return this.statesOf(counts).map(key => `${counts[key.key]} ${key.word}`).join(", "); }

  statesOf(counts) { return this.sheet.legend.filter(key => key.kind === "state" && counts[key.key]); }

  /** Puts the rows in view into the page, and takes the others out. */
  draw() {
    const height = this.height(), room = innerHeight;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / height) - ROWS_BESIDE_VIEW);
    const last = Math.min(this.lines.length, first + Math.ceil(room / height) + 2 * ROWS_BESIDE_VIEW);
    if (this.range && this.range.first === first && this.range.last === last && this.drawn.size === last - first) return;
    this.range = { first, last };
    for (const [number, line] of this.drawn) {
      if (number >= first && number < last) continue;
      if (line.contains(document.activeElement)) this.scroll.focus({ preventScroll: true });
      line.remove();
      this.drawn.delete(number);
    }
    for (let number = first; number < last; number += 1) {
      if (this.drawn.has(number)) continue;
      const line = this.line(number);
      const next = [...this.drawn.keys()].filter(other => other > number).sort((one, other) => one - other)[0];
      this.body.insertBefore(line, next === undefined ? null : this.drawn.get(next));
      this.drawn.set(number, line);
    }
    this.before.style.height = `${first * height}px`;
    this.after.style.height = `${(this.lines.length - last) * height}px`;
  }

  height() {
    if (!this.rowHeight) {
      const probe = element("div", { class: "line row" });
      this.body.append(probe);
      this.rowHeight = probe.getBoundingClientRect().height || 28;
      probe.remove();
    }
    return this.rowHeight;
  }

  line(number) {
    const { title, row, hits, counts } = this.lines[number];
    if (title !== undefined) return element("div", { class: "line row group", role: "row", "aria-rowindex": number + 2 }, element("div", { class: "pin", role: "rowheader" }, title));
    const client = this.sheet.clients[row.client];
    const made = element("div", { class: "line row", role: "row", "aria-rowindex": number + 2 },
      element("div", { class: "pin client", role: "rowheader", title: client.title }, client.id),
      element("div", { class: "pin counts", role: "presentation", title: this.countWords(counts) }, this.countText(counts)));
    this.shown.columns.forEach((column, place) => made.append(this.cell(row, column, place, hits, number)));
    return made;
  }

  cell(row, column, place, hits, number) {
    const look = this.sheet.look(row, column);
    const focus = this.focus.line === number && this.focus.place === place ? 0 : -1;
    const attributes = { role: "gridcell", tabindex: focus, "data-line": number, "data-place": place, "aria-colindex": place + 2 };
    if (!look) return element("div", { ...attributes, class: "empty", "aria-label": "no cell" });
    const marks = this.sheet.marks(look);
    const words = [this.sheet.idOf(row, column), look.said, look.agreed].filter(Boolean).join("; ");
    return element("div", { ...attributes, class: [look.state, ...look.traits, hits.has(column) ? "" : "dim"].join(" ").trim(), title: words },
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
    const { line, place } = this.focus, last = this.shown.columns.length - 1, page = Math.max(1, Math.floor(this.scroll.clientHeight / this.height()) - 3);
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
    const height = this.height(), above = this.top.offsetHeight, from = number * height;
    if (from < this.scroll.scrollTop) this.scroll.scrollTop = from;
    else if (from + height + above > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = from + height + above - this.scroll.clientHeight;
    this.focus = { line: number, place };
    this.draw();
    const line = this.drawn.get(number), cell = line && line.querySelector(`[data-place="${place}"]`);
    if (!cell) return;
    cell.focus({ preventScroll: true });
    const pinned = [...line.querySelectorAll(".pin")].reduce((sum, pin) => sum + pin.offsetWidth, 0);
    if (cell.offsetLeft - pinned < this.scroll.scrollLeft) this.scroll.scrollLeft = cell.offsetLeft - pinned;
    else if (cell.offsetLeft + cell.offsetWidth > this.scroll.scrollLeft + this.scroll.clientWidth) this.scroll.scrollLeft = cell.offsetLeft + cell.offsetWidth - this.scroll.clientWidth;
  }

  /** Puts the focus on a cell, if it is shown. */
  focusCell(row, column) {
    const number = this.lines.findIndex(line => line.row === row), place = this.shown.columns.indexOf(column);
    if (number >= 0 && place >= 0) this.focusOn(number, place);
  }
}
