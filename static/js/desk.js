// Keys of the desk. Everything here is a short cut: each page works without it, and a person can switch it off.
"use strict";

(() => {
  const root = document.documentElement;
  const KEYS = "desk.keys";
  const DENSITY = "desk.density";

  const remembered = (name) => {
    try { return localStorage.getItem(name) || ""; } catch { return ""; }
  };
  const remember = (name, value) => {
    try { localStorage.setItem(name, value); } catch { /* a private window forgets */ }
  };
  const show = () => {
    root.dataset.keys = remembered(KEYS) || "on";
    root.dataset.density = remembered(DENSITY) || "normal";
  };
  show();

  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  const dialog = (id) => document.getElementById(id);

  // Rows ------------------------------------------------------------------------------------------------------------

  const rows = () => [...document.querySelectorAll("[data-rows] > tr")];
  const moveTo = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.classList.contains("is-at"));
    const next = Math.min(Math.max(at + step, 0), all.length - 1);
    if (at >= 0) all[at].classList.remove("is-at");
    all[next].classList.add("is-at");
    all[next].querySelector("a")?.focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
  };

  // What each key does ------------------------------------------------------------------------------------------------

  const ACTIONS = {
    "/": () => { const box = document.getElementById("search"); box?.focus(); box?.select(); },
    "?": () => dialog("keys")?.showModal(),
    j: () => moveTo(1),
    k: () => moveTo(-1),
    h: () => document.querySelector("[data-home]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      dialog("palette")?.showModal();
      return;
    }
    if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const here = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    const action = here ? () => here.click() : ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // The palette: up and down go through what was found ------------------------------------------------------------------

  dialog("palette")?.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [...dialog("palette").querySelectorAll("input, .desk-results a")];
    const at = stops.indexOf(document.activeElement);
    event.preventDefault();
    stops[(at + (event.key === "ArrowDown" ? 1 : -1) + stops.length) % stops.length]?.focus();
  });

  // Preferences -----------------------------------------------------------------------------------------------------------

  for (const box of document.querySelectorAll("[data-preference]")) {
    const name = box.dataset.preference;
    box.checked = remembered(name) === box.value;
    box.addEventListener("change", () => { remember(name, box.checked ? box.value : ""); show(); });
  }

  // Filters: what is empty does not belong in the address --------------------------------------------------------------------

  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  });

  // A list is swapped together with its filters: what was unfolded stays so, with the focus in it -----------------------------------

  const moreFilters = () => document.querySelector(".desk-filter-more");
  let unfolded = false;
  let focused = "";
  document.addEventListener("htmx:beforeSwap", () => {
    unfolded = Boolean(moreFilters()?.open);
    focused = document.activeElement?.id;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (!unfolded || !moreFilters()) return;
    moreFilters().open = true;
    document.getElementById(focused)?.focus();
  });

  // Where places or saved filters stand in one row that is too long for the window, the present one is in sight ------------------------

  const showPresent = () => {
    for (const here of document.querySelectorAll(".staff-header .site-nav [aria-current], .desk-saved [aria-current]")) {
      const row = here.closest("nav, ul");
      const middle = (one) => (one.getBoundingClientRect().left + one.getBoundingClientRect().right) / 2;
      row.scrollLeft += middle(here) - middle(row);
    }
  };
  showPresent();
  document.addEventListener("htmx:afterSwap", showPresent);

  // A menu closes when something in it is chosen, by Escape, and by a press beside it --------------------------------------------------

  const openMenus = () => document.querySelectorAll("details[open]:has(> .menu)");
  const close = (menu) => { menu.open = false; menu.querySelector("summary").focus(); };
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) {
      if (!menu.contains(event.target)) menu.open = false;
      else if (event.target.closest(".menu a")) close(menu);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") openMenus().forEach(close);
  });

  // A form at the door: where the connection breaks the page stays, and the same form may be sent again --------------------------

  const mayBeSentAgain = (event) => {
    const form = event.target.closest?.("[data-again]");
    if (!form) return;
    delete form.dataset.sent;
    form.querySelector("[type=submit], button")?.removeAttribute("aria-disabled");
    const notice = document.querySelector("[data-unsent]");
    notice.hidden = false;
    form.before(notice);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:sendAbort"]) document.addEventListener(name, mayBeSentAgain);

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
  });
})();
