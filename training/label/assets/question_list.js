// SPDX-License-Identifier: Apache-2.0
// The questions about the image that is shown.

import { badge } from "./badge.js";
import { byId, element } from "./page.js";

/**
 * Shows them in their order.
 * @param questions of the server: {text, broken, trouble, iou}.
 * @param edit called with the place of a question that somebody wants to change.
 * @param remove called with the place of one that is to go.
 */
export function showQuestions(questions, { edit, remove }) {
  const list = byId("questions");
  list.replaceChildren(...questions.map((question, place) =>
    entry(question, () => edit(place), () => remove(place))));
  if (!questions.length) {
    list.append(element("li", { className: "empty", textContent: "None yet. Two or three an image are good." }));
  }
  byId("list-title").textContent = "Questions about this image";
}

/** Says which of them is changed; null for none. */
export function markEdited(editing) {
  for (const [place, item] of [...byId("questions").children].entries()) {
    item.classList.toggle("editing", place === editing);
  }
}

function entry(question, edit, remove) {
  const text = element("button", {
    className: "plain text", textContent: question.text || "(no text)",
    title: question.broken || "Change this question", disabled: Boolean(question.broken),
  });
  text.addEventListener("click", edit);
  const away = element("button", { className: "plain", textContent: "✕", title: "Remove this question" });
  away.setAttribute("aria-label", `Remove: ${question.text}`);
  away.addEventListener("click", remove);
  const item = element("li", {}, text);
  const trouble = question.broken || question.trouble;
  if (trouble) {
    const said = question.broken ? "broken" : "not asked";
    item.append(element("span", { className: "badge poor", textContent: said, title: trouble }));
  } else if (question.iou !== null) item.append(badge(question.iou));
  item.append(away);
  return item;
}
