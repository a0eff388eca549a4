"use strict";
/* What a printer gets: the story that is open, or the grid with all that the filters left, every column, in tables that are
   as wide as a sheet of paper. */

const COLUMNS_ON_PAPER = 24, SIGNS_ALONE_FROM = 14;

/** Makes the tables, part by part, for each scenario. */
function onPaper(sheet, shown) {
  const made = [];
  sheet.groups.forEach((group, number) => {
    const rows = shown.rows.filter(({ row }) => row.group === number);
    if (!rows.length) return;
    for (let first = 0; first < shown.columns.length; first += COLUMNS_ON_PAPER) {
      const columns = shown.columns.slice(first, first + COLUMNS_ON_PAPER);
      made.push(element("h2", {}, group.scenario), paperTable(sheet, rows, columns));
    }
  });
  return made;
}

function paperTable(sheet, rows, columns) {
  const heads = [element("th", { scope: "col" }, "client"), ...columns.map(column => element("th", { scope: "col" }, sheet.servers[column].id))];
  const body = rows.map(({ row }) => element("tr", {}, element("th", { scope: "row" }, sheet.clients[row.client].id), ...columns.map(column => {
    const look = sheet.look(row, column);
    if (!look) return element("td", {});
    return element("td", { class: [look.state, ...look.traits].join(" ") }, look.sign, element("span", { class: "word" }, ` ${look.word}`), ...sheet.marks(look).map(key => ` ${key.sign}`));
  })));
  return element("table", { class: columns.length >= SIGNS_ALONE_FROM ? "wide" : null }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
}

/** Makes a copy of an open story. */
function storyOnPaper(dialog) {
  const copy = element("div", { class: "story" }, ...[...dialog.children].map(part => part.cloneNode(true)));
  for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
  for (const part of copy.querySelectorAll("details")) part.open = true;
  return copy;
}
