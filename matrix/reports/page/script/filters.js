"use strict";
/* Which rows, columns and cells are shown. Pure: no element is touched here.

   Filters of servers and clients are patterns as on the command line (* and ?), with spaces between them, since a server's
   id has commas; a word without these signs is found anywhere. States are alternatives, traits are all required. */

const NO_FILTERS = { server: "", client: "", set: "", scenario: "", reason: "", text: "", outcome: [], trait: [], rows: "differing" };

/** Tells whether a text fits a filter of patterns. */
function fits(patterns) {
  const words = patterns.toLowerCase().split(/,?\s+/).filter(Boolean);
  if (!words.length) return () => true;
  const tests = words.map(word => {
    if (!/[*?]/.test(word)) return text => text.includes(word);
    const pattern = word.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
    const whole = new RegExp(`^(?:${pattern})$`);
    return text => whole.test(text);
  });
  return text => tests.some(test => test(text));
}

/** What is shown: `columns` (numbers), `rows` (each with `hits`, a 1 for each column whose cell fits), and how many cells fit.
    Where cells are asked for (`narrows`), rows and columns without one that fits are left out, and no row for being dull. */
function shownBy(sheet, filters) {
  const isServer = fits(filters.server), isClient = fits(filters.client), text = filters.text.trim().toLowerCase();
  const asked = sheet.servers.map((server, number) => number).filter(number => isServer(sheet.servers[number].id.toLowerCase()));
  const clients = sheet.clients.map(client => isClient(client.id.toLowerCase()) && (!filters.set || client.sets.includes(filters.set)));
  const inServer = sheet.serverTexts.map(each => !text || each.includes(text));
  const inClient = sheet.clientTexts.map(each => !text || each.includes(text));
  const reason = filters.reason.trim().toLowerCase();
  const fitting = sheet.looks.map(look =>
    (!filters.outcome.length || filters.outcome.includes(look.state)) &&
    filters.trait.every(trait => look.traits.includes(trait)) &&
    (!reason || look.reason.toLowerCase().includes(reason)));
  const inLook = sheet.lookTexts.map(each => !text || each.includes(text));
  const narrows = Boolean(text || reason || filters.outcome.length || filters.trait.length);
  const rows = [], used = new Uint8Array(sheet.servers.length);
  let cells = 0;
  for (const row of sheet.rows) {
    if (!clients[row.client] || (filters.scenario && row.scenario !== filters.scenario)) continue;
    if (filters.rows === "differing" && !narrows && !row.differs) continue;
    if (filters.rows === "unexpected" && !row.unexpected) continue;
    const hits = new Uint8Array(sheet.servers.length);
    let there = 0, fit = 0;
    for (const column of asked) {
      const look = sheet.lookNumber(row, column);
      if (look < 0) continue;
      there += 1;
      if (!fitting[look] || !(inServer[column] || inClient[row.client] || inLook[look])) continue;
      hits[column] = 1;
      used[column] = 1;
      fit += 1;
    }
    if (!there || (narrows && !fit)) continue;
    rows.push({ row, hits });
    cells += fit;
  }
  return { narrows, columns: narrows ? asked.filter(column => used[column]) : asked, rows, cells };
}

/** How many cells have each state, of the cells that fit, by row and by column. */
function countsOf(sheet, shown) {
  const columns = new Map(shown.columns.map(column => [column, {}]));
  const rows = shown.rows.map(({ row, hits }) => {
    const counts = {};
    for (const column of shown.columns) {
      if (!hits[column]) continue;
      const { state } = sheet.look(row, column), below = columns.get(column);
      counts[state] = (counts[state] || 0) + 1;
      below[state] = (below[state] || 0) + 1;
    }
    return counts;
  });
  return { rows, columns };
}
