"use strict";
/* Brings the parts together: filters, grid, story and address. */

const MOST_OF_AN_ID = 200;  // characters of what an address says

(() => {
  const sheet = new Sheet(JSON.parse(document.getElementById("data").textContent));
  const stories = new Stories(sheet.chunks);
  const at = id => document.getElementById(id);
  let { filters, cell: openId } = readAddress();
  let shown = null;

  const fields = {};

  function field(name, control) {
    fields[name] = control;
    control.id = `filter-${name}`;
    control.setAttribute("aria-label", name);
    control.addEventListener("input", () => { filters[name] = control.value; update(); });
    at("fields").append(element("label", {}, name, control));
  }

  function choice(name, values, all) {
    const options = [element("option", { value: "" }, all), ...values.map(value => element("option", { value }, value))];
    if (values.length > 1 || filters[name]) field(name, element("select", {}, ...options));
  }

  function typed(name, values, hint) {
    const list = element("datalist", { id: `known-${name}` }, ...values.map(value => element("option", { value })));
    at("fields").append(list);
    field(name, element("input", { type: "search", list: list.id, placeholder: hint, autocomplete: "off", spellcheck: "false" }));
  }

  function makeFields() {
    const several = texts => [...new Set(texts)].filter(Boolean).sort();
    field("rows", element("select", {}, ...sheet.choices.map(([value, text]) => element("option", { value }, text))));
    typed("server", [...several(sheet.servers.map(server => `${server.name}@*`)), ...sheet.servers.map(server => server.id)], "jsse6@*");
    typed("client", sheet.clients.map(client => client.id), "java-* ie8");
    choice("set", several(sheet.clients.flatMap(client => client.sets)), "every set");
    choice("scenario", sheet.groups.map(group => group.scenario), "every scenario");
    typed("reason", several(sheet.looks.map(look => look.reason)), "alert");
    field("text", element("input", { type: "search", placeholder: "anything (press /)", autocomplete: "off", spellcheck: "false" }));
    const reset = element("button", { type: "button", id: "reset" }, "clear filters");
    reset.addEventListener("click", () => { filters = { ...NO_FILTERS }; setFields(); update(); });
    at("fields").append(reset);
    for (const key of sheet.legend) {
      const button = element("button", { type: "button", class: "key", "aria-pressed": "false", "data-key": key.key, "data-kind": key.kind, title: key.meaning },
        element("span", { class: `swatch ${key.key}`, "aria-hidden": "true" }, key.sign), key.word, element("span", { class: "number" }));
      button.addEventListener("click", () => toggle(key));
      at("legend").append(button);
    }
  }

  function toggle(key) {
    const name = key.kind === "state" ? "outcome" : "trait", chosen = filters[name];
    filters[name] = chosen.includes(key.key) ? chosen.filter(each => each !== key.key) : [...chosen, key.key];
    update();
  }

  function setFields() {
    for (const [name, control] of Object.entries(fields)) control.value = filters[name];
  }

  /** How many cells of the whole page have each state and trait. */
  function countLegend() {
    const numbers = {};
    for (const row of sheet.rows) {
      for (let column = 0; column < sheet.servers.length; column += 1) {
        const look = sheet.look(row, column);
        if (look) for (const key of [look.state, ...look.traits]) numbers[key] = (numbers[key] || 0) + 1;
      }
    }
    for (const button of at("legend").children) button.querySelector(".number").textContent = numbers[button.dataset.key] || 0;
  }

  function update() {
    shown = shownBy(sheet, filters);
    at("scroll").scrollTop = 0;
    grid.show(shown);
    for (const button of at("legend").children) button.setAttribute("aria-pressed", filters[button.dataset.kind === "state" ? "outcome" : "trait"].includes(button.dataset.key));
    const clients = `${shown.rows.length} of ${sheet.rows.length} rows, ${shown.columns.length} of ${sheet.servers.length} columns, ${shown.cells} cells`;
    const leftOut = (sheet.choices.find(([value]) => value === filters.rows) || [])[2];
    const isFiltered = shown.narrows || filters.server || filters.client || filters.set || filters.scenario;
    at("said").textContent = isFiltered && !shown.rows.length ? `nothing fits these filters, of ${sheet.rows.length} rows` : leftOut && !shown.narrows && shown.rows.length < sheet.rows.length ? `${clients}; ${leftOut}` : clients;
    writeAddress(filters, openId, false);
  }

  function openCell(row, column) {
    const id = sheet.idOf(row, column), isStep = openId !== id;
    openId = id;
    sayUnknown("");
    writeAddress(filters, id, isStep);
    view.open(row, column);
  }

  function closed() {
    const found = openId && sheet.find(openId);
    openId = null;
    writeAddress(filters, null, false);
    if (found) grid.focusCell(found.row, found.column);
  }

  /** Says that the address asks for a cell that there is not; nothing for an empty id. */
  function sayUnknown(id) {
    const { said } = at("unknown").dataset, shortened = id.length > MOST_OF_AN_ID ? `${id.slice(0, MOST_OF_AN_ID)}...` : id;
    at("unknown").hidden = !id;
    at("unknown").textContent = id ? `${said}: ${shortened}` : "";
  }

  /** Follows the address, after a link or a step back. */
  function follow() {
    const said = readAddress();
    ({ filters } = said);
    setFields();
    const found = said.cell && sheet.find(said.cell);
    openId = found ? said.cell : null;
    sayUnknown(said.cell && !found ? said.cell : "");
    update();
    if (found) view.open(found.row, found.column);
    else view.close();
  }

  at("grid-part").hidden = !sheet.rows.length;
  const grid = new Grid(sheet, at("scroll"), at("grid"), openCell);
  const view = new StoryView(sheet, stories, at("story"), closed);
  at("filters").addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  addEventListener("beforeprint", () => {
    const isTelling = at("story").open;
    document.body.classList.toggle("telling", isTelling);
    at("paper").replaceChildren(...(isTelling ? [storyOnPaper(at("story"))] : onPaper(sheet, shown)));
  });
  addEventListener("afterprint", () => {
    document.body.classList.remove("telling");
    at("paper").replaceChildren();
  });
  addEventListener("keydown", event => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !isTyping && !at("story").open) {
      event.preventDefault();
      fields.text.focus();
    } else if (event.key === "Escape" && event.target.type === "search") {
      event.preventDefault();  // what the browser does by itself is told to nobody where the field loses the focus
      if (!event.target.value) event.target.blur();
      event.target.value = "";
      event.target.dispatchEvent(new Event("input"));
    }
  });
  makeFields();
  setFields();
  countLegend();
  follow();
})();
