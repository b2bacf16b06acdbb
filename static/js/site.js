// Small comforts. Every page works without them.

// A summary of errors takes the focus, also where it arrives by htmx.
function focusSummary() {
  document.querySelector("[data-focus]")?.focus();
}

// A form that must be sent once is sent once: a second press while the first travels does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent === "yes") {
    event.preventDefault();
  } else if (form.hasAttribute("data-once")) {
    form.dataset.sent = "yes";
    form.querySelector("[type=submit]")?.setAttribute("aria-disabled", "true");
  }
});

// The browser's back button may show a page as it was left, with its form marked as sent.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[type=submit]")?.removeAttribute("aria-disabled");
  }
});

// In a list of suggestions, the arrow keys move and Escape closes.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-suggest]");
  if (!box) return;
  const options = [...box.querySelectorAll(".suggestions button")];
  const input = box.querySelector("input[type=text], input[type=search]");
  const at = options.indexOf(document.activeElement);
  if (event.key === "ArrowDown" && options.length) {
    options[Math.min(at + 1, options.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    (options[at - 1] ?? input).focus();
  } else if (event.key === "Escape" && options.length) {
    box.querySelector(".suggestions").remove();
    input.focus();
  } else {
    return;
  }
  event.preventDefault();
});

// How many rows of a table are ticked.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form:has([data-bulk])");
  const count = form?.querySelector("[data-bulk-count]");
  if (!count) return;
  count.dataset.words ??= count.textContent;
  const ticked = form.querySelectorAll("tbody input[type=checkbox]:checked").length;
  count.textContent = ticked || count.dataset.words;
});

// What is handed on can be copied with one press.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy] button");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  input.select();
  await navigator.clipboard?.writeText(input.value);
  button.textContent = button.dataset.copied;
});

// How many letters are left, in the words of the page.
function countLetters(field) {
  const count = document.getElementById(field.dataset.count);
  if (!count) return;
  count.dataset.words ??= count.textContent;
  const left = field.maxLength - field.value.length;
  count.textContent = field.value ? field.dataset.left.replace("0", left) : count.dataset.words;
}
document.addEventListener("input", (event) => {
  if (event.target.dataset?.count) countLetters(event.target);
});

function offerComforts() {
  for (const button of document.querySelectorAll("[data-copy] button[hidden]")) button.hidden = !navigator.clipboard;
  document.querySelectorAll("[data-count]").forEach(countLetters);
}

document.addEventListener("DOMContentLoaded", offerComforts);
document.addEventListener("htmx:afterSettle", offerComforts);
document.addEventListener("DOMContentLoaded", focusSummary);
document.addEventListener("htmx:afterSettle", focusSummary);
