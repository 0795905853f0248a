// Opened from a folder, a page may not fetch another one: the search then lists titles only.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

// A formula in a sentence cannot be broken: where it is wider than its line, let it scroll.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll("span.math > mjx-container")) {
    const line = formula.closest("p, li, td, dd");
    if (line && formula.offsetWidth > line.clientWidth) {
      formula.parentElement.classList.add("wide-math");
    }
  }
});
