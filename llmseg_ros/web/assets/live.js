// SPDX-License-Identifier: Apache-2.0
// The live page: asks for the newest picture again and again, and for the node's state each second.

import { CanvasView } from "./canvas_view.js";
import { byId, element, get, getJson, notify, postJson } from "./page.js";
import { Settings } from "./settings.js";

const STATE_MS = 1000, AGAIN_MS = 1000, BARS = 6;

const view = new CanvasView(byId("canvas"));
const settings = new Settings();
let state = null;
let camera = null; // the name of the one that is shown
let answer = null; // the one that is shown, or null
let candidatesOf = ""; // the answer whose candidates are drawn
let watching = null; // ends what is asked for a camera that is left

const later = (ms) => new Promise((done) => setTimeout(done, ms));

function shown() {
  return new Promise((done) => {
    if (!document.hidden) { done(); return; }
    document.addEventListener("visibilitychange", () => done(), { once: true });
  });
}

// ------------------------------------------------------------------ pictures

/** {head, picture} of what the server sends: length of the JSON, the JSON, a JPEG. */
async function parsed(response) {
  const bytes = await response.arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const jpeg = new Blob([new Uint8Array(bytes, 4 + length)], { type: "image/jpeg" });
  return { head, picture: await createImageBitmap(jpeg) };
}

async function watch(name) {
  watching?.abort();
  watching = new AbortController();
  const { signal } = watching;
  let number = 0;
  view.clear();
  say("No image has come yet");
  while (!signal.aborted) {
    await shown();
    try {
      const response = await get(
        `/api/view?camera=${encodeURIComponent(name)}&after=${number}`, { signal });
      if (response.status === 204) continue;
      const { head, picture } = await parsed(response);
      if (signal.aborted) return;
      number = head.number;
      answer = head.answer;
      say("");
      view.show(picture, head.size, answer);
      showAnswer(head);
    } catch (error) {
      if (error.name === "AbortError") return;
      say(error.message);
      await later(AGAIN_MS);
    }
  }
}

function say(text) {
  byId("stage-message").textContent = text;
  byId("stage-message").hidden = !text;
}

// ------------------------------------------------------------------ the answer

const milliseconds = (value) => value >= 10_000 ? `${(value / 1000).toFixed(0)} s`
  : value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`;

function current() { return state?.cameras.find((each) => each.name === camera); }

function showAnswer(head) {
  // Where the model tells whether anything fits, that chance and its line decide; else the mask's.
  // A mask that is carried along has that of the full answer that it comes from.
  const presence = answer?.presence ?? null, tells = presence !== null;
  const line = settings.value(tells ? "min_presence" : "min_confidence");
  const asked = current()?.instruction || "";
  const confidence = answer?.confidence ?? null, found = Boolean(answer?.found);
  // What else than a mask's chance is no matter of the line: a calibrated model says of nothing how
  // likely that is right, and nothing is known of an unfamiliar image, nor of what was lost.
  const unknown = Boolean(answer && !found && (answer.unfamiliar || answer.followed));
  const ofNothing = Boolean(answer && !found && (tells || state?.calibrated));
  byId("line").hidden = !line || (ofNothing && !tells) || unknown; // at 0 all masks are taken
  if (!byId("line").hidden) byId("line").style.left = `${100 * line}%`;
  byId("line-label").textContent = [
    tells ? `chance that anything fits ${presence.toFixed(2)}` : "",
    byId("line").hidden ? "" : `nothing fits below ${line.toFixed(2)}`,
  ].filter(Boolean).join(", ");
  const verdict = !answer ? (asked ? "Thinking …" : "Nothing is asked yet.")
    : found ? (answer.phrase ? `Found: ${answer.phrase}` : "Found")
      : answer.unfamiliar ? "Unfamiliar image" : "Nothing here fits";
  byId("rate").textContent = head?.rate_hz && answer ? head.rate_hz.toFixed(1) : "–";
  byId("age").textContent = head && answer ? milliseconds(head.age_ms) : "–";
  byId("took").textContent = answer?.total_ms != null ? milliseconds(answer.total_ms) : "–";
  byId("followed").textContent = answer?.followed ? "carried along" : "";
  byId("nothing").hidden = !answer || found;
  byId("nothing").textContent = verdict;
  byId("asked").textContent = answer ? `“${answer.instruction}”` : "The answer";
  byId("verdict").className = found ? "found" : "";
  byId("verdict").textContent = verdict;
  byId("why").textContent = answer?.reason || "";
  byId("why").hidden = !answer?.reason;
  const level = unknown ? 0 : (presence ?? confidence ?? 0);
  byId("level").style.width = `${100 * level}%`;
  byId("level").className = found ? "found" : "";
  byId("meter").setAttribute("aria-label", tells ? "chance that anything fits" : "confidence");
  byId("meter").setAttribute("aria-valuenow", level);
  byId("confidence").textContent = confidence === null || unknown ? ""
    : `${ofNothing ? "sure that nothing fits: " : tells ? "confidence " : ""}${confidence.toFixed(2)}`;
  showCandidates();
}

function showCandidates() {
  const list = byId("candidates"), told = answer?.candidates || [];
  while (list.children.length > Math.min(BARS, told.length)) list.lastChild.remove();
  told.slice(0, BARS).forEach(({ index, score, selected }, place) => {
    const bar = list.children[place] || list.appendChild(newBar());
    bar.dataset.index = index;
    bar.className = selected ? "taken" : "";
    bar.querySelector("i").style.width = `${100 * (score ?? 0)}%`;
    bar.querySelector(".number").textContent = score === null ? "–" : score.toFixed(2);
  });
  const wanted = answer && (view.showsAll || view.lit >= 0);
  if (wanted) drawCandidates();
  if (!answer) { view.setCandidates([]); candidatesOf = ""; }
}

function newBar() {
  const bar = element("li", {},
    element("span", { className: "bar" }, element("i")), element("span", { className: "number" }));
  bar.addEventListener("pointerenter", () => {
    view.lit = Number(bar.dataset.index);
    drawCandidates();
  });
  bar.addEventListener("pointerleave", () => { view.lit = -1; view.draw(); });
  return bar;
}

async function drawCandidates() {
  const key = JSON.stringify(answer?.candidates.map(({ score }) => score));
  if (!answer || key === candidatesOf) { view.draw(); return; }
  candidatesOf = key;
  try {
    view.setCandidates(await getJson(`/api/candidates?camera=${encodeURIComponent(camera)}`));
  } catch { candidatesOf = ""; } // the next answer brings others
}

// ------------------------------------------------------------------ the node's state

async function follow() {
  for (;;) {
    await shown();
    try {
      state = await getJson("/api/state");
      showState();
    } catch (error) {
      byId("status").className = "badge poor";
      byId("status").textContent = error.message;
    }
    await later(STATE_MS);
  }
}

function showState() {
  const { cameras } = state;
  const names = cameras.map((each) => each.name);
  if (!names.includes(camera)) {
    camera = names.length ? names[0] : null;
    if (camera === null) { watching?.abort(); view.clear(); answer = null; say(state.message); }
    else watch(camera);
  }
  byId("cameras").replaceChildren(...(names.length > 1 ? names : []).map((name) => {
    const button = element("button", { textContent: name });
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", name === camera);
    button.addEventListener("click", () => { camera = name; answer = null; showState(); watch(name); });
    return button;
  }));
  const now = current();
  const level = now ? now.level : state.lifecycle === "configuring" ? 1 : 2;
  byId("status").className = `badge ${["good", "middling", "poor"][Math.min(2, level)]}`;
  byId("status").textContent = now ? now.message : state.message;
  byId("status").title = byId("status").textContent;
  byId("facts").textContent = `model ${state.model.split("/").pop()} · ${state.device}`;
  byId("facts").title = `${state.node}, model ${state.model}${now ? `, images from ${now.topic}` : ""}`;
  byId("stop").disabled = !now?.instruction;
  settings.show(state.parameters, () => showAnswer(null));
  if (!answer) showAnswer(null);
  showHistory();
}

function showHistory() {
  const entries = state.history.map(({ instruction, found, confidence }) => {
    const button = element("button", { className: "plain", textContent: instruction, title: instruction });
    button.addEventListener("click", () => ask(instruction));
    const entry = element("li", {}, button);
    if (confidence !== null) {
      entry.append(element("span", {
        className: `badge ${found ? "good" : ""}`, textContent: found ? confidence.toFixed(2) : "nothing",
      }));
    }
    return entry;
  });
  const key = JSON.stringify(state.history);
  if (key === showHistory.key) return; // a click is not lost by drawing anew
  showHistory.key = key;
  byId("history").replaceChildren(...(entries.length ? entries
    : [element("li", { className: "empty", textContent: "What you ask appears here." })]));
}

async function ask(text) {
  if (camera === null) { notify(state?.message || "The node is not there yet.", { bad: true }); return; }
  try {
    await postJson("/api/instruction", { camera, text });
    byId("instruction").value = text;
    state = await getJson("/api/state");
    showState();
  } catch (error) { notify(error.message, { bad: true }); }
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("instruction").value.trim();
  if (text) ask(text);
});
byId("stop").addEventListener("click", () => ask(""));
byId("outlines").addEventListener("click", () => {
  view.showsAll = !view.showsAll;
  byId("outlines").setAttribute("aria-pressed", view.showsAll);
  drawCandidates();
});
byId("instruction").focus();
showAnswer(null);
follow();
