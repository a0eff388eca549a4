"use strict";
/* The story of a cell, in a dialog beside the grid. */

const ARROWS = { sent: "client →", received: "← server", "": "" };

class StoryView {
  /** `closed` is called when a person closes it. */
  constructor(sheet, stories, dialog, closed) {
    Object.assign(this, { sheet, stories, dialog, asked: 0, closedByAddress: 0 });
    dialog.addEventListener("close", () => {
      if (this.closedByAddress) this.closedByAddress -= 1;
      else closed();
    });
    dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  }

  /** Closes it where the address has no cell any more; nobody is told, and what comes later is not closed. */
  close() {
    this.asked += 1;
    if (!this.dialog.open) return;
    this.closedByAddress += 1;
    this.dialog.close();
  }

  /** Opens the story of a cell. */
  async open(row, column) {
    const cell = this.sheet.cell(row, column), asked = this.asked += 1;
    let story = null, problem = "";
    try {
      story = await this.stories.of(cell.story);
    } catch (error) {
      problem = `The story cannot be unpacked by this browser (${error.message}).`;
    }
    if (asked !== this.asked) return;
    const close = element("button", { type: "button", "aria-label": "Close the story" }, "✕");
    close.addEventListener("click", () => this.dialog.close());
    const title = element("h2", { id: "story-title", tabindex: -1 }, cell.id);
    this.dialog.replaceChildren(
      element("header", {}, title, close),
      element("p", {}, element("span", { class: `outcome ${[cell.look.state, ...cell.look.traits].join(" ")}` }, `${cell.look.sign} ${cell.look.word}`), ` ${cell.look.said}`),
      listOf([...this.beside(cell), ...(story ? story.facts : [])]),
      ...(story ? this.told(story) : [element("p", {}, problem || "With more of this cell the page would be too large.")]),
      ...this.repeat(cell, story));
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    title.focus();
  }

  /** What stands in the grid's own data. */
  beside(cell) {
    const pairs = [["client", cell.client.title], ["server", [cell.server.title, cell.server.stack].filter(Boolean).join("; ")]].filter(([, value]) => value);
    if (cell.look.agreed && cell.story < 0) pairs.push(["agreed on", cell.look.agreed]);
    if (cell.milliseconds >= 0) pairs.push(["took", `${cell.milliseconds} ms`]);
    return pairs;
  }

  told(story) {
    const parts = story.attempts.flatMap(([title, number]) => this.attempt(title, story.lists.attempts[number], story.lists));
    if (story.difference !== null) parts.push(...this.difference(story.lists.differences[story.difference]));
    return parts;
  }

  difference({ client, differences }) {
    const title = element("h3", {}, `Nearest client that works: ${client}`);
    if (!differences.length) return [title, element("p", {}, "The two hellos have the same features.")];
    return [title, element("p", {}, "Only in this client's hello (<), only in the other's (>):"), element("pre", { class: "difference" }, differences.join("\n"))];
  }

  attempt(title, attempt, lists) {
    const outcome = attempt.works ? "works" : attempt.reason || "fails";
    const parts = [element("h3", {}, `${title}: offers ${attempt.offers || "not known"}`), element("p", { class: attempt.works ? "works" : "fails" }, attempt.works ? `✓ ${outcome}` : `✗ ${outcome}`)];
    const mine = element("div", {}), theirs = element("div", {});
    if (attempt.agreed && attempt.agreed.length) mine.append(listOf(attempt.agreed));
    if (attempt.messages) {
      const rows = attempt.messages.map(([direction, name, size, says, waited]) => [ARROWS[direction], name, size ? `${size} bytes` : "", [says, waited ? `(after ${waited} s)` : ""].filter(Boolean).join(" ")]);
      mine.append(element("strong", {}, "The client's view"), tableOf(["who", "message", "size", "says"], rows, "messages", attempt.messages.map(message => message[0])));
      theirs.append(element("strong", {}, "The server's view"), attempt.server && attempt.server.length ? listOf(attempt.server) : element("p", {}, "It says nothing."));
      if (attempt.log && attempt.log.length) theirs.append(element("details", {}, element("summary", {}, "its log"), element("pre", {}, attempt.log.join("\n"))));
    }
    parts.push(attempt.messages ? element("div", { class: "sides" }, mine, theirs) : mine);
    if (attempt.hello !== null && attempt.hello !== undefined) parts.push(this.hello(lists.hellos[attempt.hello], lists));
    return parts;
  }

  hello(hello, lists) {
    const parts = [element("summary", {}, `its hello: ${hello.title}`), listOf(hello.facts),
      tableOf(["code", "IANA", "OpenSSL", "JSSE"], hello.suites.map(number => lists.suites[number]))];
    if (hello.extensions && hello.extensions.length) parts.push(tableOf(["code", "extension", "says"], hello.extensions.map(number => lists.extensions[number])));
    return element("details", { class: "hello" }, ...parts);
  }

  /** The command that repeats the cell, and what lies beside the page. */
  repeat(cell, story) {
    if (!cell.server.repeat) return [];
    const command = `${cell.server.repeat} --client ${cell.client.quoted} --scenario ${cell.scenario} --evidence all`;
    const parts = [element("h3", {}, story && story.messages ? "To repeat it" : "Every message of it is shown after"), element("pre", { class: "repeat" }, command)];
    if (cell.beside & EVIDENCE) {
      const path = `evidence/${cell.id.split("/").map(encodeURIComponent).join("/")}`;
      const link = (ending, text) => element("a", { href: `${path}${ending}`, rel: "noreferrer" }, text);
      parts.push(element("p", { class: "links" }, "Beside this page: ", link(".json", "evidence"), cell.beside & CAPTURE ? " and " : "", cell.beside & CAPTURE ? link(".pcapng", "capture for Wireshark") : ""));
    }
    return parts;
  }
}
