"use strict";
/* The data of the page, as matrix/reports/page/sheet.py writes them, made ready to be asked. A cell is four numbers in
   the list of its row: look, story, milliseconds, and what lies beside the page; -1 is none. */

const NUMBERS_OF_A_CELL = 4;
const EVIDENCE = 1, CAPTURE = 2;

class Sheet {
  constructor(data) {
    Object.assign(this, data);
    this.rows = data.groups.flatMap((group, number) => group.rows.map(row => ({ ...row, group: number, scenario: group.scenario })));
    this.serverNumbers = new Map(data.servers.map((server, number) => [server.id, number]));
    const search = (...parts) => parts.join("\n").toLowerCase();
    this.serverTexts = data.servers.map(server => search(server.id, server.title, server.stack));
    this.clientTexts = data.clients.map(client => search(client.id, client.title));
    this.lookTexts = data.looks.map(look => search(look.word, look.reason, look.said, look.agreed, ...look.traits));
  }

  /** The look of a cell, null where there is none. */
  look(row, column) {
    const number = row.cells[column * NUMBERS_OF_A_CELL];
    return number < 0 ? null : this.looks[number];
  }

  /** The traits of a look, with their signs. */
  marks(look) { return this.legend.filter(key => key.kind === "trait" && look.traits.includes(key.key)); }

  lookNumber(row, column) { return row.cells[column * NUMBERS_OF_A_CELL]; }

  /** All that is known of a cell without its story. */
  cell(row, column) {
    const [look, story, milliseconds, beside] = row.cells.slice(column * NUMBERS_OF_A_CELL, (column + 1) * NUMBERS_OF_A_CELL);
    const server = this.servers[column], client = this.clients[row.client];
    return { look: this.looks[look], story, milliseconds, beside, server, client, scenario: row.scenario, id: this.idOf(row, column) };
  }

  idOf(row, column) { return `${this.servers[column].id}/${this.clients[row.client].id}/${row.scenario}`; }

  /** The row and column of a cell's id, null where there is none. */
  find(id) {
    for (const row of this.rows) {
      const rest = `/${this.clients[row.client].id}/${row.scenario}`;
      if (!id.endsWith(rest)) continue;
      const column = this.serverNumbers.get(id.slice(0, -rest.length));
      if (column !== undefined && this.look(row, column)) return { row, column };
    }
    return null;
  }
}

/** The stories, unpacked chunk by chunk as they are asked for. */
class Stories {
  constructor(firsts) {
    this.firsts = firsts;
    this.unpacked = new Map();
  }

  /** A story with the lists that it refers to, null for a cell without one. */
  async of(number) {
    if (number < 0) return null;
    let chunk = this.firsts.length - 1;
    while (this.firsts[chunk] > number) chunk -= 1;
    if (!this.unpacked.has(chunk)) this.unpacked.set(chunk, Stories.unpack(document.querySelectorAll("script.chunk")[chunk].textContent));
    const lists = await this.unpacked.get(chunk);
    return { ...lists.stories[number - this.firsts[chunk]], lists };
  }

  static async unpack(text) {
    const bytes = Uint8Array.from(atob(text.trim()), sign => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }
}
