// SPDX-License-Identifier: Apache-2.0
// What the keyboard does; a page that is typed into keeps its letters.

import { byId } from "./page.js";

const FOR_CONTROLS = [" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

/**
 * @param keys what each key does while nothing is typed; letters are small.
 * @param always {turn(by), saveAndTurn(), leaveText(), undo()}: what page keys, Ctrl+Enter, Escape in a text
 *   and Ctrl+Z do.
 */
export function listenToKeys(keys, { turn, saveAndTurn, leaveText, undo }) {
  document.addEventListener("keydown", (event) => {
    if (byId("help").open) return;
    const act = action(event);
    if (!act) return;
    if (act !== leaveText) event.preventDefault();
    act();
  });

  function action(event) {
    const { key } = event, command = event.ctrlKey || event.metaKey;
    if (key === "PageDown" || key === "PageUp") return () => turn(key === "PageDown" ? 1 : -1);
    if (key === "Enter" && event.ctrlKey) return saveAndTurn;
    if (event.target.matches("input[type=text]")) return key === "Escape" ? leaveText : null;
    if (command && key.toLowerCase() === "z") return undo;
    if (command || event.altKey) return null;
    if (event.target.matches("button, select, input, li, summary") && FOR_CONTROLS.includes(key)) return null;
    return keys[key.length === 1 ? key.toLowerCase() : key];
  }
}
