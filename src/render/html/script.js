"use strict";
(() => {
  const form = document.getElementById("filter");
  const findings = [...document.querySelectorAll("article.finding")];
  if (form) {
    const rule = document.getElementById("filter-rule");
    const text = document.getElementById("filter-text");
    const count = document.getElementById("filter-count");
    const empty = document.getElementById("filter-empty");
    // What is said of the rule in general does not count.
    const told = (finding) => [...finding.children].filter((part) => !part.matches("details"));
    const textOf = (finding) => told(finding).map((part) => part.textContent).join(" ").toLowerCase();
    const words = new Map(findings.map((finding) => [finding, textOf(finding)]));
    const filter = () => {
      const levels = new Set([...form.querySelectorAll("input[name=level]:checked")].map((box) => box.value));
      const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const finding of findings) {
        const fits =
          levels.has(finding.dataset.level) &&
          (rule.value === "" || rule.value === finding.dataset.rule) &&
          wanted.every((word) => words.get(finding).includes(word));
        finding.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      count.textContent = `${shown} of ${findings.length}`;
      empty.hidden = shown > 0;
    };
    const reset = () => {
      form.reset();
      filter();
    };
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        text.value = "";
        filter();
      }
    });
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        text.focus();
      }
    });
    // A link to a finding that the filter hides shows it; a link to a rule opens its text.
    const follow = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target?.closest("article.finding")?.hidden) {
        reset();
        target.scrollIntoView();
      }
      if (target instanceof HTMLDetailsElement) {
        target.open = true;
      }
    };
    addEventListener("hashchange", follow);
    filter();
    follow();
  }

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const copy = async (element) => {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return "Copied";
    } catch {
      // Without the clipboard the text is selected, ready to be copied by hand.
      select(element);
      try {
        return document.execCommand("copy") ? "Copied" : "Selected";
      } catch {
        return "Selected";
      }
    }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      button.textContent = await copy(document.getElementById(button.dataset.copies));
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
  }
})();
