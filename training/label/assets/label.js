// SPDX-License-Identifier: Apache-2.0
// The page for labelling: images at the left, one image in the middle, a question at the right.

import { ImageList } from "./image_list.js";
import { listenToKeys } from "./keys.js";
import { area, decodeMask, encodeMask } from "./masks.js";
import { ModelAnswer } from "./model_answer.js";
import { byId, element, get, getJson, notify, postJson } from "./page.js";
import { markEdited, showQuestions } from "./question_list.js";
import { Stage } from "./stage.js";

let state = { images: [], categories: [], waiting: 0 };
let current = null; // the sample that is shown: {name, size, version, questions}
let editing = null; // the place of the question that is changed, or null for a new one
let kind = "instruction";
let drawing = null; // a mask that is on its way
let loading = null; // stops what is loaded for an image that is left
const drafts = new Map(); // what was begun and not saved, by image

const PLACEHOLDERS = {
  instruction: "What could I drink from?",
  phrase: "the mug left of the plate",
  category: "mug",
};

const stage = new Stage(byId("canvas"), {
  change: () => { if (!stage.isEmpty) byId("nothing").checked = false; refresh(); },
  box: (box) => draw({ box }),
  point: (point) => draw({ point }),
  hint: (text) => { byId("hint").textContent = text; },
  brush: (size) => { byId("size").value = size; },
});

const images = new ImageList((name) => open(name));

const model = new ModelAnswer(stage, () => (
  { image: stage.picture ? current.name : null, text: byId("text").value.trim(), kind }));

// ------------------------------------------------------------------ what the server knows

let polling = 0;

async function refreshState() {
  clearTimeout(polling);
  try {
    state = await getJson("/api/state");
    showState();
    const shown = current && state.images.find((image) => image.name === current.name);
    if (shown && current.questions.some((each) => each.iou === null && !each.trouble)) await refreshQuestions();
  } catch (error) { notify(error.message, { bad: true }); }
  polling = setTimeout(refreshState, state.waiting ? 1000 : 10000);
}

function showState() {
  images.show(state.images, current?.name);
  const count = state.images.length, done = state.images.filter((image) => image.questions).length;
  const questions = state.images.reduce((sum, image) => sum + image.questions, 0);
  const share = Math.round(100 * done / Math.max(1, count));
  byId("counts").textContent =
    `${done} of ${count} images · ${questions} question${questions === 1 ? "" : "s"}`;
  byId("progress").firstElementChild.style.width = `${share}%`;
  byId("progress").setAttribute("aria-valuenow", share);
  byId("model").textContent =
    `model ${state.model}${state.waiting ? ` · asking it, ${state.waiting} to go` : ""}`;
  byId("categories").replaceChildren(
    ...state.categories.map((value) => element("option", { value })));
}

/** Scores that have come since; what somebody else has saved is seen when it matters. */
async function refreshQuestions() {
  const { name, version } = current;
  const newer = await getJson(`/api/sample?image=${encodeURIComponent(name)}`);
  if (current?.name !== name || newer.version !== version) return;
  current.questions = newer.questions;
  listQuestions();
}

// ------------------------------------------------------------------ one image

async function open(name) {
  if (!name || name === current?.name) return;
  keepDraft();
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading, quoted = encodeURIComponent(name);
  current = { name, size: [1, 1], version: "", questions: [] };
  history.replaceState(null, "", `#${quoted}`);
  byId("name").textContent = name;
  reset();
  images.mark(name);
  stage.show(null);
  say("loading");
  try {
    const [picture, sample] = await Promise.all([
      get(`/api/picture?image=${quoted}`, { signal }).then((reply) => reply.blob()).then(createImageBitmap),
      getJson(`/api/sample?image=${quoted}`, { signal }),
    ]);
    if (signal.aborted) return;
    current = sample;
    say("");
    stage.show(picture);
    takeDraft();
    listQuestions();
    byId("canvas").focus({ preventScroll: true });
    if (!state.proposes) { byId("hint").textContent = "Drag a box around the thing, or paint it"; return; }
    byId("hint").textContent = "Looking for regions …";
    const following = images.neighbour(1);
    const regions = await getJson(
      `/api/regions?image=${quoted}&next=${encodeURIComponent(following)}`, { signal });
    if (signal.aborted) return;
    stage.setRegions(regions);
    byId("hint").textContent = regions.length ? "Click a region to choose it"
      : "No region found: drag a box around the thing, or paint it";
  } catch (error) {
    if (error.name === "AbortError") return;
    if (stage.picture) notify(error.message, { bad: true }); else say(error.message);
  }
}

function say(text) {
  byId("stage-message").textContent = text === "loading" ? "Loading …" : text;
  byId("stage-message").hidden = !text;
}

function keepDraft() {
  if (!current) return;
  const text = byId("text").value, nothing = byId("nothing").checked;
  if (!text && stage.isEmpty && !nothing) { drafts.delete(current.name); return; }
  drafts.set(current.name, { text, nothing, kind, category: byId("category").value, editing,
    version: current.version, bits: stage.mask.bits.slice() });
}

function takeDraft() {
  const draft = drafts.get(current.name);
  drafts.delete(current.name);
  if (!draft || draft.bits.length !== stage.mask.bits.length) return;
  fill(draft, { ...stage.mask, bits: draft.bits });
  byId("nothing").checked = draft.nothing;
  editing = draft.version === current.version ? draft.editing : null;
  refresh();
}

/** A box or a point becomes a mask: the model draws it, or the region that fits best is taken. */
async function draw(shown) {
  if (!state.draws) { nearest(shown.box); return; }
  const mine = drawn(shown);
  drawing = mine;
  refresh();
  await mine;
  if (drawing === mine) drawing = null;
  refresh();
}

async function drawn(shown) {
  const { name } = current;
  byId("hint").textContent = "Drawing …";
  try {
    const coded = await postJson("/api/draw", { image: name, ...shown });
    if (current.name !== name) return;
    const mask = decodeMask(coded);
    if (area(mask)) stage.add(mask);
    byId("hint").textContent = area(mask) ? "Mend it with the brush if need be"
      : "Nothing was found there: drag a box, or paint it";
  } catch (error) { notify(error.message, { bad: true }); }
}

function nearest(box) {
  if (!box || !stage.regions.length) return;
  const fit = ({ box: { left, top, right, bottom } }) => {
    const across = Math.min(box[2], right + 1) - Math.max(box[0], left);
    const down = Math.min(box[3], bottom + 1) - Math.max(box[1], top);
    const shared = Math.max(0, across) * Math.max(0, down);
    const both = (box[2] - box[0]) * (box[3] - box[1]) + (right + 1 - left) * (bottom + 1 - top);
    return shared / (both - shared);
  };
  const fits = stage.regions.map(fit);
  const best = fits.indexOf(Math.max(...fits));
  if (fits[best] > 0.3 && !stage.chosen.has(best)) stage.toggle(best);
}

// ------------------------------------------------------------------ the question

function fill(question, mask) {
  byId("text").value = question.text;
  byId("category").value = question.category || "";
  setKind(question.kind);
  stage.setMask(mask);
  model.ask();
}

function reset() {
  editing = null;
  byId("text").value = byId("category").value = "";
  byId("nothing").checked = false;
  byId("suggestions").replaceChildren();
  model.forget();
  refresh();
}

function setKind(value) {
  kind = value;
  for (const button of byId("kinds").children) {
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", button.dataset.kind === value);
  }
  byId("text").placeholder = PLACEHOLDERS[value];
}

/** What is still missing; "" if the question can be saved. */
function missing() {
  if (!stage.picture) return "No image is shown.";
  if (stage.isEmpty && !byId("nothing").checked && !drawing) return "Show the thing first: click it.";
  if (!byId("text").value.trim()) return "Type what you would say.";
  return "";
}

function refresh() {
  const nothing = byId("nothing").checked, shown = stage.isEmpty ? 0 : area(stage.mask);
  const share = 100 * shown / stage.mask.bits.length, regions = stage.chosen.size;
  byId("chosen").textContent = nothing ? "The right answer is: nothing here fits."
    : !shown ? "Click its region in the image, or drag a box."
      : `${regions > 1 ? `${regions} regions chosen` : regions ? "1 region chosen" : "Chosen"}, ${share < 10 ? share.toFixed(1) : Math.round(share)} % of the image.`;
  byId("step-show").classList.toggle("done", nothing || shown > 0);
  byId("step-say").classList.toggle("done", Boolean(byId("text").value.trim()));
  byId("missing").textContent = missing();
  byId("save").disabled = Boolean(missing());
  byId("save").firstChild.textContent = editing === null ? "Save question " : "Save change ";
  byId("cancel").hidden = editing === null;
  byId("undo").disabled = !stage.undone.length;
  byId("clear").disabled = !shown;
  markEdited(editing);
  model.show();
}

let turn = Promise.resolve();

/** Does one change after the other, so that each knows what the one before has made of the line. */
function inTurn(change) {
  const mine = turn.then(change);
  turn = mine.catch(() => {});
  return mine;
}

function save(event) {
  event?.preventDefault();
  return inTurn(saveNow);
}

async function saveNow() {
  await drawing;
  const lacking = missing();
  if (lacking) { notify(lacking); return false; }
  const { name, version } = current, nothing = byId("nothing").checked;
  const question = {
    text: byId("text").value, kind, category: byId("category").value, nothing,
    mask: nothing ? null : encodeMask(stage.mask),
  };
  byId("save").disabled = true;
  try {
    const sample = await postJson("/api/save", { image: name, version, place: editing, question });
    notify(`Saved: ${question.text.trim()}`);
    if (current.name === name) {
      current = sample;
      stage.setMask(null);
      stage.undone = [];
      reset();
      listQuestions();
      byId("canvas").focus();
    }
    await refreshState();
    return true;
  } catch (error) {
    notify(`Not saved: ${error.message}`, { bad: true });
    if (error.status === 409) await reread();
    return false;
  } finally { refresh(); }
}

/** Somebody else has changed the image's questions: show theirs, and keep what is typed here. */
async function reread() {
  current = await getJson(`/api/sample?image=${encodeURIComponent(current.name)}`);
  editing = null;
  listQuestions();
}

function listQuestions() {
  const { name } = current;
  showQuestions(current.questions, { edit, remove: (place) => inTurn(() => remove(name, place)) });
  refresh();
}

function edit(place) {
  const question = current.questions[place], mask = decodeMask(question.mask);
  editing = place;
  fill(question, mask);
  byId("nothing").checked = !area(mask);
  stage.undone = [];
  refresh();
  byId("text").focus();
}

async function remove(name, place) {
  if (current.name !== name) return;
  const { version } = current;
  try {
    const sample = await postJson("/api/remove", { image: name, version, place });
    const { removed } = sample;
    current = sample;
    editing = null;
    listQuestions();
    notify("Question removed.", {
      label: "Undo", action: () => inTurn(() => restore(name, sample.version, removed)),
    });
    await refreshState();
  } catch (error) {
    notify(error.message, { bad: true });
    if (error.status === 409) await reread();
  }
}

async function restore(name, version, removed) {
  try {
    const back = await postJson("/api/restore", { image: name, version, ...removed });
    if (current.name === name) { current = back; listQuestions(); }
    await refreshState();
  } catch (error) { notify(error.message, { bad: true }); }
}

// ------------------------------------------------------------------ the models

function take() {
  const { answer } = model;
  if (!answer || answer.trouble) return;
  if (answer.found) stage.setMask(answer.mask);
  else { stage.setMask(null); byId("nothing").checked = true; refresh(); }
}

async function suggest() {
  const button = byId("suggest");
  button.disabled = true;
  button.textContent = "Thinking …";
  try {
    const found = await postJson("/api/suggest", { image: current.name, mask: encodeMask(stage.mask) });
    byId("suggestions").replaceChildren(...found.map((text) => {
      const choice = element("button", { type: "button", textContent: text });
      choice.addEventListener("click", () => { byId("text").value = text; refresh(); model.ask(); byId("text").focus(); });
      return element("li", {}, choice);
    }));
    if (!found.length) notify("The chat model had no idea.");
  } catch (error) { notify(error.message, { bad: true }); }
  button.disabled = false;
  button.textContent = "Suggest questions";
}

// ------------------------------------------------------------------ buttons and keys

function setTool(tool) {
  stage.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", button.dataset.tool === tool);
  }
  byId("size-label").classList.toggle("on", tool !== "choose");
  byId("hint").textContent = { choose: "Click a region to choose it", brush: "Paint what is missing",
    erase: "Wipe away what is too much" }[tool];
  stage.draw();
}

function setNothing(value) {
  byId("nothing").checked = value;
  if (value && !stage.isEmpty) stage.setMask(null);
  byId("nothing").checked = value;
  refresh();
}

function setOutlines(value) {
  stage.showsRegions = value;
  byId("show-regions").setAttribute("aria-pressed", value);
  stage.draw();
}

async function saveAndTurn() {
  const next = images.neighbour(1);
  if (await save()) open(next);
}

listenToKeys({
  ArrowRight: () => stage.step(1), ArrowLeft: () => stage.step(-1),
  ArrowUp: () => stage.deeper(1), ArrowDown: () => stage.deeper(-1),
  " ": () => { if (stage.hovered >= 0) stage.toggle(stage.hovered); },
  v: () => setTool("choose"), b: () => setTool("brush"), e: () => setTool("erase"),
  "[": () => stage.setBrush(stage.brush - 4), "]": () => stage.setBrush(stage.brush + 4),
  n: () => setNothing(!byId("nothing").checked), r: () => setOutlines(!stage.showsRegions),
  m: take, q: () => byId("text").focus(), "/": () => byId("text").focus(),
  Enter: () => (missing() ? byId("text").focus() : save()),
  Escape: () => { if (!stage.isEmpty) stage.setMask(null); },
  "?": () => byId("help").showModal(),
}, {
  turn: (by) => open(images.neighbour(by)), saveAndTurn, undo: () => stage.undo(),
  leaveText: () => byId("canvas").focus(),
});

byId("form").addEventListener("submit", save);
byId("text").addEventListener("input", () => { model.forget(); refresh(); model.ask(); });
byId("nothing").addEventListener("change", (event) => setNothing(event.target.checked));
byId("previous").addEventListener("click", () => open(images.neighbour(-1)));
byId("next").addEventListener("click", () => open(images.neighbour(1)));
byId("undo").addEventListener("click", () => stage.undo());
byId("clear").addEventListener("click", () => stage.setMask(null));
byId("cancel").addEventListener("click", () => { reset(); stage.setMask(null); });
byId("take").addEventListener("click", take);
byId("suggest").addEventListener("click", suggest);
byId("size").addEventListener("input", (event) => stage.setBrush(Number(event.target.value)));
byId("show-regions").addEventListener("click", () => setOutlines(!stage.showsRegions));
byId("help-button").addEventListener("click", () => byId("help").showModal());
for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => setTool(button.dataset.tool));
}
for (const button of byId("kinds").children) {
  button.addEventListener("click", () => { setKind(button.dataset.kind); refresh(); model.ask(); });
}
window.addEventListener("beforeunload", (event) => {
  keepDraft();
  if (drafts.size) event.preventDefault();
});

async function begin() {
  setTool("choose");
  setKind("instruction");
  await refreshState();
  byId("folder").textContent = state.folder;
  document.title = `${state.folder} – label images`;
  byId("suggest-row").hidden = !state.suggests;
  if (state.damaged.length) {
    const { line, reason } = state.damaged[0];
    const more = state.damaged.length > 1 ? `, and ${state.damaged.length - 1} more` : "";
    notify(`Line ${line} of samples.jsonl cannot be read and is left as it is${more}: ${reason}`, { bad: true });
  }
  if (!state.images.some((image) => image.questions)) byId("help").showModal();
  const asked = decodeURIComponent(location.hash.slice(1));
  const first = state.images.find((image) => image.name === asked)
    || state.images.find((image) => !image.questions) || state.images[0];
  if (first) await open(first.name);
}

begin();
