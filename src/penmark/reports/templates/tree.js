"use strict";
// The tree a response was judged with, as nested lists. Every text goes through textContent.
const penmarkTree = ({ el, digits, inLanguage, scoreMark, criterionDetail }) => {
  const OUTSIDE = [1, null, null, false];
  const meanOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const known = (numbers) => numbers.filter((number) => typeof number === "number");
  const percent = (share) => `${Number((100 * share).toFixed(1))}%`.replace("-", "−");
  const points = (counts) => `→ ${digits(counts)} ${counts === 1 ? "point" : "points"}`;

  // One node of the rubric with all that is shown of it; `single` has one entry for each scoring.
  function described([path, , , place], verdicts, plans) {
    const [depth, scale, share, isPlanned, name] = place ?? [...OUTSIDE, path];
    const planOf = new Map(plans.map((plan) => [plan[0], plan]));
    const shareIn = (repeat) => share ?? planOf.get(repeat)?.[3][path] ?? null;
    const single = verdicts.map(([repeat, score, state, reason, , counts]) => ({ repeat, score, state, reason, counts, share: shareIn(repeat) }));
    const shares = known(single.length ? single.map((one) => one.share) : [share]);
    return { path, name, depth, scale, isPlanned, single, share: shares.length ? meanOf(shares) : null };
  }

  function shareMark(node) {
    const box = el("span", { cls: "share" });
    if (node.path === "") return box;
    if (node.share === null) {
      box.append(el("span", { cls: "muted", text: node.isPlanned ? "no plan" : "share unknown" }));
      return box;
    }
    const bar = el("i", { "aria-hidden": "true" }, el("i", {}));
    bar.firstChild.style.width = `${100 * Math.min(1, Math.max(0, node.share))}%`;
    box.append(bar, el("span", { cls: "percent", text: percent(node.share) }));
    return box;
  }

  function countsMark(counts) {
    return counts.length ? el("span", { cls: "counts", text: points(meanOf(counts)) }) : null;
  }

  function nodeScore({ single, scale }) {
    const box = el("span", { cls: "node-score" });
    const scored = single.filter((one) => one.score !== null);
    if (single.length < 2 || !scored.length) {
      const [score, state] = single.length ? [single[0].score, single[0].state] : [null, "not judged"];
      box.append(scoreMark(score, state));
    } else {
      const tag = scored.length < single.length ? `${scored.length} of ${single.length} scored` : `mean of ${single.length}`;
      box.append(el("span", { cls: scored.length < single.length ? "tag bad" : "tag", text: tag }), el("b", { text: digits(meanOf(scored.map((one) => one.score))) }));
    }
    if (scale && scored.length) box.append(el("small", { cls: "muted", text: `of ${scale[1]}`, title: `From ${scale[0]} to ${scale[1]}` }));
    const counts = countsMark(known(scored.map((one) => one.counts)));
    if (counts) box.append(counts);
    return box;
  }

  function scoring({ repeat, score, state, share, counts }, node) {
    const line = el("p", { cls: "verdict-head" }, el("span", { cls: "muted", text: `Scoring ${repeat + 1}` }), scoreMark(score, state), countsMark(known([counts])));
    if (node.isPlanned) line.append(el("span", { cls: "muted", text: share === null ? "no plan" : `planned ${percent(share)}` }));
    return line;
  }

  // Why there is no score stands below the node itself, so that it is read without opening anything.
  function absences({ single }) {
    const whys = new Set(single.filter((one) => one.score === null && one.reason).map((one) => one.reason));
    return [...whys].map((why) => el("p", { cls: "node-why", dir: "auto", text: why }));
  }

  function nodeLine(rubricNode, node, verdicts, language) {
    const name = node.path === "" ? "Overall" : node.name.replaceAll("_", " ");
    const isLeaf = node.scale !== null;
    const head = el("span", { cls: isLeaf ? "node-name" : "node-name inner" }, el("span", { lang: inLanguage(language), title: node.path || null, text: name }));
    if (node.isPlanned) head.append(" ", el("small", { cls: "tag", text: "planned", title: "The judge set this share for this task." }));
    const cells = [head, shareMark(node), nodeScore(node)];
    if (!isLeaf && node.single.length < 2) return el("div", { cls: "node-row" }, ...cells);
    const heads = node.single.length > 1 ? node.single.map((one) => scoring(one, node)) : [];
    const detail = isLeaf ? criterionDetail(rubricNode, verdicts, language, heads) : heads;
    return el("details", { cls: "node-more" }, el("summary", { cls: "node-row" }, ...cells), el("div", { cls: "node-detail" }, ...detail));
  }

  function planNotes(plans) {
    return plans.flatMap(([repeat, state, reason, shares, tags]) => {
      const which = plans.length > 1 ? ` for scoring ${repeat + 1}` : "";
      if (state !== "scored") return [el("p", { cls: "plan-note" }, el("span", { cls: "tag bad", text: `no plan: ${state}` }), `${which} ${reason}`)];
      const found = Object.entries(tags).map(([tag, value]) => `${tag} ${value}`).join(", ");
      return found ? [el("p", { cls: "plan-note muted", text: `Settled for this task${which}: ${found}` })] : [];
    });
  }

  function legend(nodes) {
    const parts = ["Bar: the node's share in the score above it."];
    if (nodes.some((node) => node.isPlanned)) parts.push("Planned: the judge set this share for this task.");
    if (nodes.some((node) => node.single.some((one) => one.counts !== undefined))) parts.push("Arrow: what the score counts there.");
    return el("p", { cls: "caption", text: parts.join(" ") });
  }

  return (rubric, verdicts, plans, language) => {
    const nodes = rubric.map((rubricNode, at) => described(rubricNode, verdicts[at], plans));
    const lists = [el("ul", { cls: "tree" })];
    nodes.forEach((node, at) => {
      const item = el("li", {}, nodeLine(rubric[at], node, verdicts[at], language), ...absences(node));
      lists.length = node.depth + 1;
      lists.at(-1).append(item);
      if (nodes[at + 1]?.depth > node.depth) {
        lists.push(el("ul", {}));
        item.append(lists.at(-1));
      }
    });
    return [el("h4", { text: "Scores and their weights" }), ...planNotes(plans), lists[0], legend(nodes)];
  };
};
