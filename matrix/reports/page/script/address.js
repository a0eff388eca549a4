"use strict";
/* Filters and the open cell in the address of the page, behind the #, so that a link leads to what its sender saw. */

const LISTS = ["outcome", "trait"];

/** Reads the address; what it does not say is as at first. */
function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1)), filters = { ...NO_FILTERS };
  for (const name of Object.keys(NO_FILTERS)) {
    if (!said.has(name)) continue;
    filters[name] = LISTS.includes(name) ? said.get(name).split(",").filter(Boolean) : said.get(name);
  }
  return { filters, cell: said.get("cell") };
}

/** Writes it. To open a cell is a step to come back from, to type into a filter is none. */
function writeAddress(filters, cell, isStep) {
  const said = new URLSearchParams();
  for (const [name, first] of Object.entries(NO_FILTERS)) {
    const value = LISTS.includes(name) ? filters[name].join(",") : filters[name];
    if (value !== String(first)) said.set(name, value);
  }
  if (cell) said.set("cell", cell);
  const hash = said.toString(), address = hash ? `#${hash}` : location.pathname + location.search;
  if (location.hash.slice(1) === hash) return;
  history[isStep ? "pushState" : "replaceState"](null, "", address);
}
