// SPDX-License-Identifier: Apache-2.0
// What the current model would answer to the question as it is typed.

import { badge } from "./badge.js";
import { decodeMask, overlap } from "./masks.js";
import { byId, element, postJson, settled } from "./page.js";

const SETTLED_MS = 500; // of typing nothing, after which the model is asked

export class ModelAnswer {
  /**
   * @param stage outlines the answer.
   * @param asked () => {image, text, kind}, the question as it is now; image is null while none is shown.
   */
  constructor(stage, asked) {
    this.stage = stage;
    this.asked = asked;
    this.answer = null; // {found, confidence, reason, mask} or {trouble}
    this.asking = null;
    this.ask = settled(() => this.askNow(), SETTLED_MS);
  }

  /** The question is another one. */
  forget() {
    this.asking?.abort();
    this.answer = null;
    this.stage.setModel(null);
  }

  async askNow() {
    this.forget();
    const { image, text, kind } = this.asked();
    if (!text || image === null) { this.show(); return; }
    const asking = this.asking = new AbortController();
    try {
      byId("model-line").textContent = "Asking …";
      const found = await postJson("/api/answer", { image, text, kind }, { signal: asking.signal });
      this.answer = { ...found, mask: decodeMask(found.mask) };
      this.stage.setModel(found.found ? this.answer.mask : null);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.answer = { trouble: error.message };
    }
    this.show();
  }

  /** Says what it is, and how well it fits what somebody has chosen. */
  show() {
    const { answer, stage } = this, line = byId("model-line");
    byId("take").disabled = !answer || Boolean(answer.trouble);
    byId("beside").replaceChildren();
    if (!answer) {
      line.textContent = this.asked().text ? "Asking …" : "Type a question to see it, outlined in blue.";
      return;
    }
    if (answer.trouble) { line.textContent = answer.trouble; return; }
    const sure = `confidence ${answer.confidence.toFixed(2)}`;
    line.textContent = answer.found ? `The region outlined in blue, ${sure}.` : `Nothing here fits, ${sure}.`;
    if (!byId("nothing").checked && stage.isEmpty) return;
    const beside = element("p", { className: "soft", textContent: "Overlap with yours: " });
    beside.append(badge(overlap(answer.mask, stage.mask)));
    byId("beside").replaceChildren(beside);
  }
}
