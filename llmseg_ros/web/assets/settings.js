// SPDX-License-Identifier: Apache-2.0
// The node's thresholds as sliders, and its choices as lists.

import { byId, element, notify, postJson, settled } from "./page.js";

const NAMES = {
  min_presence: "Nothing fits below a chance of",
  min_confidence: "Mask taken from a confidence of",
  iop_threshold: "Take candidates above",
  top_k: "Look at so many candidates",
  accept_unfamiliar: "Answer unfamiliar images all the same",
  rule: "Rule that makes the mask",
  max_rate_hz: "Most full answers a second (0: all)",
  following: "Carry masks along between answers",
};

export class Settings {
  constructor() {
    this.rows = new Map(); // by name: {row, input, value}
  }

  /** The value in force of a parameter, also while its slider moves. */
  value(name) {
    return this.rows.get(name)?.shown;
  }

  show(told, changed) {
    const order = Object.keys(NAMES);
    const parameters = [...told].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    const names = parameters.map((each) => each.name);
    if (names.join() !== [...this.rows.keys()].join()) {
      this.rows = new Map(parameters.map((each) => [each.name, this.row(each, changed)]));
      byId("settings").replaceChildren(...[...this.rows.values()].map(({ row }) => row));
    }
    for (const { name, value } of parameters) {
      const entry = this.rows.get(name);
      if (document.activeElement !== entry.input && !entry.pending) entry.set(value);
    }
  }

  row(parameter, changed) {
    const { name, minimum, maximum, whole, choices, description } = parameter;
    const isSwitch = parameter.switch;
    const said = element("span", { className: "number" });
    const input = choices.length
      ? element("select", {}, ...choices.map((text) => element("option", { textContent: text })))
      : isSwitch ? element("input", { type: "checkbox" })
        : element("input", { type: "range", min: minimum, max: maximum,
          step: whole ? 1 : maximum > 1 ? 0.5 : 0.01 });
    const label = element("span", { textContent: NAMES[name] || name });
    input.setAttribute("aria-label", NAMES[name] || name);
    const row = element("label", { className: "setting", title: description },
      label, ...(choices.length || isSwitch ? [input] : [said, input]));
    const entry = { row, input, shown: null, pending: false };
    entry.set = (value) => {
      entry.shown = value;
      if (isSwitch) input.checked = value;
      else input.value = value;
      said.textContent = typeof value === "number" && !whole ? value.toFixed(2) : value;
    };
    const read = () => isSwitch ? input.checked
      : choices.length ? input.value : Number(input.value);
    const tell = settled(async () => {
      try {
        await postJson("/api/parameter", { name, value: read() });
      } catch (error) { notify(error.message, { bad: true }); }
      entry.pending = false;
    }, choices.length || isSwitch ? 0 : 120);
    input.addEventListener("input", () => {
      entry.pending = true;
      const value = read();
      entry.set(value);
      changed();
      tell();
    });
    return entry;
  }
}
