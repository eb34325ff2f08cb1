
// Copying, where the browser allows it and where it does not.

/** A button that copies; `text` is as it was, with nothing spelt out. */
function copyButton(text, block) {
  const button = el("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    const done = (await byClipboard(text)) || bySelection(text);
    if (!done) getSelection().selectAllChildren(block);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

async function byClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not there without TLS, or not permitted
  }
}

function bySelection(text) {
  const focused = document.activeElement;
  const area = el("textarea", { class: "unseen", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
