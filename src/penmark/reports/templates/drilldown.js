"use strict";
// The list of responses and the reader. Every text from the report's data goes through textContent.
(() => {
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const index = JSON.parse(byId("penmark-index").textContent);
  const rows = index.rows.map(([task, writer, score, status, piece, place, key], order) => {
    const [id, domain1, domain2, language, snippet] = index.tasks[task];
    const state = index.statuses[status];
    return { order, task, writer, score, state, piece, place, key, id, domain1, domain2, language, snippet };
  });
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const { folder, decimals } = byId("browse").dataset;
  const filters = byId("filters");
  const reader = byId("reader");
  const view = { shown: rows, page: 0, sort: "task", descending: false, search: 0, open: null };

  // Building elements

  function el(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = value;
      else node.setAttribute(name === "cls" ? "class" : name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  const inLanguage = (code) => (code === "zh" ? "zh-Hans" : code);
  const digits = (score) => Number(score.toFixed(2)).toLocaleString("en-US");
  const mean = (score) => score.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

  function scoreMark(score, state, written = digits) {
    if (score === null) return el("span", { cls: "tag bad", text: state === "not judged" ? state : `unscored: ${state}` });
    const mark = el("span", {}, el("b", { text: written(score) }));
    if (state !== "scored") mark.prepend(el("span", { cls: "tag", text: state }), " ");
    return mark;
  }

  // Data: pieces inside the page, or files beside it

  const pieces = new Map();
  const arriving = new Map();
  window.penmarkPiece = (number, data) => arriving.get(number)?.(data);

  function piece(number) {
    if (!pieces.has(number)) pieces.set(number, loadPiece(number));
    return pieces.get(number);
  }

  function loadPiece(number) {
    const inside = byId(`penmark-piece-${number}`);
    if (inside) return Promise.resolve(JSON.parse(inside.textContent));
    return new Promise((resolve, reject) => {
      const name = `${folder}/responses-${number}.js`;
      const script = el("script", { src: `${encodeURIComponent(folder)}/responses-${number}.js` });
      arriving.set(number, resolve);
      script.onload = () => script.remove();
      script.onerror = () => reject(new Error(`${name} could not be read; keep the folder beside this page`));
      document.head.append(script);
    });
  }

  const lowered = new Map();

  async function searchable(number) {
    if (!lowered.has(number)) {
      const data = await piece(number);
      const tasks = new Map(Object.entries(data.tasks).map(([task, texts]) => [Number(task), texts.join("\n").toLowerCase()]));
      const texts = data.responses.map(([text, why, , verdicts]) =>
        [text ?? why, ...verdicts.flat().map((verdict) => verdict[3])].join("\n").toLowerCase());
      lowered.set(number, { tasks, texts });
    }
    return lowered.get(number);
  }

  // Filtering and sorting

  function wanted() {
    const given = new FormData(filters);
    const number = (name) => (given.get(name) === "" ? null : Number(given.get(name)));
    return {
      writer: given.get("writer") === "" ? null : index.writers.indexOf(given.get("writer")),
      domain: given.get("domain") === "" ? [] : JSON.parse(given.get("domain")),
      language: given.get("language"),
      low: number("low"),
      high: number("high"),
      unscored: given.get("unscored") !== null,
      search: given.get("search").trim().toLowerCase(),
    };
  }

  function matches(row, want) {
    const [domain1, domain2] = want.domain;
    const isScoreWanted = want.unscored
      ? row.score === null
      : (want.low === null || (row.score !== null && row.score >= want.low)) &&
        (want.high === null || (row.score !== null && row.score <= want.high));
    return isScoreWanted &&
      (want.writer === null || row.writer === want.writer) &&
      (domain1 === undefined || row.domain1 === domain1) &&
      (domain2 === undefined || row.domain2 === domain2) &&
      (want.language === "" || row.language === want.language);
  }

  const VALUES = {
    task: (row) => row.order,
    writer: (row) => row.writer,
    domain: (row) => `${row.domain1}\u0000${row.domain2}`,
    language: (row) => row.language,
    score: (row) => row.score,
  };

  function sorted(found) {
    const value = VALUES[view.sort];
    const sign = view.descending ? -1 : 1;
    return found.slice().sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null) || a.order - b.order;
      return (x < y ? -sign : x > y ? sign : 0) || a.order - b.order;
    });
  }

  // Rows come in the order of the pieces, so each piece is asked for once; null when a newer search has begun.
  async function withText(found, search, ticket) {
    const kept = [];
    let [at, data] = [-1, null];
    for (const row of found) {
      if (row.piece !== at) {
        at = row.piece;
        data = await searchable(at);
        if (ticket !== view.search) return null;
        if (folder) byId("status").textContent = `Searching ${at + 1} of ${index.pieces} files …`;
      }
      const texts = [row.id.toLowerCase(), data.texts[row.place], data.tasks.get(row.task)];
      if (texts.some((text) => text.includes(search))) kept.push(row);
    }
    return kept;
  }

  async function update() {
    const ticket = ++view.search;
    const want = wanted();
    let found = rows.filter((row) => matches(row, want));
    try {
      if (want.search) found = await withText(found, want.search, ticket);
    } catch (error) {
      byId("status").textContent = error.message;
      return;
    }
    if (found === null || ticket !== view.search) return;
    view.shown = sorted(found);
    view.page = 0;
    showList();
  }

  // The list

  function listRow(row) {
    const domain = row.domain2 ? `${row.domain1} › ${row.domain2}` : row.domain1;
    const link = el("a", { href: `#r-${row.key}`, text: row.id });
    const snippet = el("span", { cls: "snippet", lang: inLanguage(row.language), text: row.snippet });
    const line = el("tr", {},
      el("th", { scope: "row" }, link, snippet),
      el("td", { text: index.writers[row.writer] }),
      el("td", { text: domain }),
      el("td", { text: row.language }),
      el("td", { cls: "num" }, scoreMark(row.score, row.state, mean)));
    line.addEventListener("click", () => { location.hash = `r-${row.key}`; });
    return line;
  }

  function showList() {
    const last = Math.max(0, Math.ceil(view.shown.length / PAGE) - 1);
    view.page = Math.min(Math.max(0, view.page), last);
    const start = view.page * PAGE;
    const part = view.shown.slice(start, start + PAGE);
    byId("list").tBodies[0].replaceChildren(...part.map(listRow));
    const unscored = view.shown.filter((row) => row.score === null).length;
    const of = view.shown.length === rows.length ? "" : ` of ${rows.length.toLocaleString("en-US")}`;
    byId("status").textContent = `${view.shown.length.toLocaleString("en-US")}${of} responses, ${unscored.toLocaleString("en-US")} unscored`;
    byId("page-place").textContent = `Page ${view.page + 1} of ${last + 1}`;
    for (const button of byId("pages").querySelectorAll("button")) {
      button.disabled = button.dataset.page === "1" ? view.page === last : view.page === 0;
    }
  }

  function sortBy(name) {
    view.descending = view.sort === name ? !view.descending : false;
    view.sort = name;
    for (const head of byId("list").tHead.querySelectorAll("th")) {
      const isThis = head.firstElementChild.dataset.sort === name;
      if (isThis) head.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    view.shown = sorted(view.shown);
    view.page = 0;
    showList();
  }

  // The reader

  const prose = (text, language) => el("div", { cls: "prose", dir: "auto", lang: inLanguage(language), text });

  function folded(title, text, language, isOpen) {
    return el("details", { open: isOpen }, el("summary", { text: title }), prose(text, language));
  }

  function bandList(bands, verdicts, language) {
    const list = el("ol", { cls: "bands", lang: inLanguage(language) });
    bands.forEach(([label, text], at) => {
      const here = verdicts.filter((verdict) => verdict[4] === at).map((verdict) => digits(verdict[1]));
      const item = el("li", { cls: here.length ? "hit" : null, "aria-current": here.length ? "true" : null },
        el("span", { cls: "label", text: label }), el("span", { text }));
      if (here.length) item.append(el("span", { cls: "given", text: `scored ${[...new Set(here)].join(", ")}` }));
      list.append(item);
    });
    return list;
  }

  function reasonText(reason) {
    return reason ? el("p", { cls: "reason", dir: "auto", text: reason }) : el("p", { cls: "muted", text: "No reason given." });
  }

  function repeated([repeat, score, state, reason]) {
    const head = el("p", { cls: "verdict-head" }, el("span", { cls: "muted", text: `Scoring ${repeat + 1}` }), scoreMark(score, state));
    return el("div", { cls: "verdict" }, head, reasonText(reason));
  }

  const aboutText = (description, lang) => (description ? el("p", { cls: "about", lang, text: description }) : null);

  function criterion([node, description, bands], verdicts, language) {
    const [lang, isOne] = [inLanguage(language), verdicts.length === 1];
    const head = el("div", { cls: "criterion-head" }, el("h4", { lang, text: node || "Overall" }));
    if (isOne) head.append(scoreMark(verdicts[0][1], verdicts[0][2]));
    if (!verdicts.length) head.append(scoreMark(null, "not judged"));
    const lines = isOne ? [reasonText(verdicts[0][3])] : verdicts.map(repeated);
    return el("section", { cls: "criterion" }, head, ...lines, aboutText(description, lang), bands.length ? bandList(bands, verdicts, language) : null);
  }

  // What stands behind a leaf of a tree; `heads` has a line for each scoring when there are several.
  function criterionDetail([, description, bands], verdicts, language, heads) {
    const reasons = verdicts.map((verdict, at) => el("div", { cls: "verdict" }, heads[at] ?? null, reasonText(verdict[3])));
    return [...reasons, aboutText(description, inLanguage(language)), bands.length ? bandList(bands, verdicts, language) : null];
  }

  const treeParts = penmarkTree({ el, digits, inLanguage, scoreMark, criterionDetail });

  function judgedParts(rubric, verdicts, plans, language) {
    if (plans) return treeParts(rubric, verdicts, plans, language);
    return rubric.map((node, at) => criterion(node, verdicts[at], language));
  }

  function readerBar(row) {
    const at = view.shown.indexOf(row);
    const step = (label, target, key) => target
      ? el("a", { cls: "step", href: `#r-${target.key}`, "aria-keyshortcuts": key, text: label })
      : el("span", { cls: "step muted", text: label });
    const place = at < 0 ? "not in the filtered list" : `${(at + 1).toLocaleString("en-US")} of ${view.shown.length.toLocaleString("en-US")}`;
    return el("div", { cls: "reader-bar" },
      el("a", { cls: "step", href: "#responses", "aria-keyshortcuts": "Escape", text: "Back to the list" }),
      el("span", { cls: "muted", text: place }),
      step("← Previous", view.shown[at - 1], "ArrowLeft"),
      step("Next →", at < 0 ? undefined : view.shown[at + 1], "ArrowRight"));
  }

  function readerHead(row) {
    const domain = [row.domain1, row.domain2].filter(Boolean).join(" › ");
    const line = [index.writers[row.writer], domain, row.language].filter(Boolean);
    return el("header", {},
      el("h3", { text: `Task ${row.id}` }),
      el("p", { cls: "meta" }, ...line.map((text) => el("span", { text }))),
      el("p", { cls: "total" }, scoreMark(row.score, row.state, mean)));
  }

  async function openResponse(row) {
    view.open = row;
    const data = await piece(row.piece);
    if (view.open !== row) return;
    const [instruction, material, reference] = data.tasks[row.task];
    const [text, why, rubric, verdicts, plans] = data.responses[row.place];
    const language = row.language;
    const writing = text === null
      ? el("p", {}, el("span", { cls: "tag bad", text: "no text" }), ` ${why}`)
      : text === "" ? el("p", { cls: "muted", text: "The response is empty." }) : prose(text, language);
    const texts = el("div", { cls: "texts" },
      el("h4", { text: "Task" }), prose(instruction, language),
      material ? folded("Material", material, language, material.length < 600) : null,
      reference ? folded("Reference", reference, language, false) : null,
      el("h4", { text: "Response" }), writing);
    const judged = el("div", { cls: "judged" }, ...judgedParts(data.rubrics[rubric], verdicts, data.plans[plans], language));
    reader.replaceChildren(readerBar(row), readerHead(row), el("div", { cls: "columns" }, texts, judged));
    byId("browse").hidden = true;
    reader.hidden = false;
    byId("responses").scrollIntoView();
    reader.focus({ preventScroll: true });
  }

  function closeReader() {
    const row = view.open;
    view.open = null;
    reader.hidden = true;
    byId("browse").hidden = false;
    if (!row) return;
    const at = view.shown.indexOf(row);
    if (at >= 0) view.page = Math.floor(at / PAGE);
    showList();
    document.querySelector(`#list a[href="#r-${row.key}"]`)?.focus();
  }

  function route() {
    const row = byKey.get(location.hash.slice(3));
    if (!location.hash.startsWith("#r-") || !row) return closeReader();
    openResponse(row).catch((error) => {
      reader.replaceChildren(readerBar(row), el("p", { cls: "note", text: error.message }));
      byId("browse").hidden = true;
      reader.hidden = false;
    });
  }

  // Events

  function steppedBy(key) {
    const at = view.shown.indexOf(view.open);
    if (at < 0) return null;
    return { ArrowLeft: view.shown[at - 1], k: view.shown[at - 1], ArrowRight: view.shown[at + 1], j: view.shown[at + 1] }[key];
  }

  function onKey(event) {
    if (!view.open || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const target = steppedBy(event.key);
    if (event.key === "Escape") location.hash = "responses";
    else if (target) location.hash = `r-${target.key}`;
    else return;
    event.preventDefault();
  }

  function showCell(link) {
    filters.reset();
    filters.elements.writer.value = link.dataset.writer;
    filters.elements.domain.value = link.dataset.domain;
    update();
  }

  let typing = 0;
  filters.addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(update, event.target.name === "search" ? 150 : 0);
  });
  filters.addEventListener("reset", () => setTimeout(update));
  filters.addEventListener("submit", (event) => { event.preventDefault(); update(); });
  byId("list").tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) sortBy(button.dataset.sort);
  });
  byId("pages").addEventListener("click", (event) => {
    if (!event.target.dataset.page) return;
    view.page += Number(event.target.dataset.page);
    showList();
    byId("responses").scrollIntoView();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".heat a");
    if (link) showCell(link);
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", route);
  showList();
  route();
})();
