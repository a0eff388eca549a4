"use strict";
/* Elements, made without markup: whatever is put into the page is text, so nothing that a peer or a definition says can
   be anything else. */

/** Makes an element. `children` are elements or texts; of `attributes` those that are null or false are left out. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return made;
}

/** A table of a story; `rows` are lists of texts, `classes` are those of the rows. */
function tableOf(heads, rows, kind = null, classes = []) {
  const head = element("thead", {}, element("tr", {}, ...heads.map(text => element("th", { scope: "col" }, text))));
  const body = rows.map((row, number) => element("tr", { class: classes[number] || null }, ...row.map(text => element("td", {}, text))));
  return element("table", { class: kind }, head, element("tbody", {}, ...body));
}

/** Names with their values. */
function listOf(pairs) {
  return element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}
