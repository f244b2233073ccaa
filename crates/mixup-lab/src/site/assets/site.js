// Filters and order of tables, kept in the address. One classic script, so that it works from a folder.
(function () {
  "use strict";

  // Reads the address: "#paper=rankmixup&sort=-effect". A bare "#name" is an anchor and no state.
  function readState() {
    var state = {};
    var hash = window.location.hash.slice(1);
    if (hash.indexOf("=") < 0) { return state; }
    hash.split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) { state[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); }
    });
    return state;
  }

  function writeState(state) {
    var parts = Object.keys(state).map(function (key) { return key + "=" + encodeURIComponent(state[key]); });
    var hash = parts.length ? "#" + parts.join("&") : window.location.pathname + window.location.search;
    window.history.replaceState(null, "", hash);
  }

  function start(form) {
    var table = document.getElementById(form.dataset["for"]);
    var body = table.tBodies[0];
    var count = form.querySelector(".count");
    var rows = Array.prototype.slice.call(body.rows).map(function (row, index) {
      return { row: row, index: index, text: row.textContent.toLowerCase() };
    });
    var controls = Array.prototype.slice.call(form.querySelectorAll("select, input"));
    var sort = "", ordered = "";

    function preset(control) { return control.dataset["default"] || ""; }

    function show() {
      var words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      var selects = controls.filter(function (control) { return control.tagName === "SELECT" && control.value; });
      var shown = 0;
      rows.forEach(function (known) {
        var fits = selects.every(function (select) {
          return (known.row.dataset[select.name] || "").split(" ").indexOf(select.value) >= 0;
        }) && words.every(function (word) { return known.text.indexOf(word) >= 0; });
        known.row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = shown + " of " + rows.length + " rows";
    }

    // Numbers by value, words by alphabet; a row without a value comes last, whichever way.
    function order() {
      if (sort === ordered) { return; }
      ordered = sort;
      var down = sort.charAt(0) === "-";
      var key = down ? sort.slice(1) : sort;
      var numeric = false;
      table.querySelectorAll("[data-sort]").forEach(function (button) {
        var mine = button.dataset.sort === key;
        button.parentNode.setAttribute("aria-sort", mine ? (down ? "descending" : "ascending") : "none");
        if (mine) { numeric = button.parentNode.classList.contains("number"); }
      });
      function value(known) {
        var text = known.row.dataset[key] || "";
        return numeric ? parseFloat(text) : text;
      }
      var sorted = rows.slice().sort(function (a, b) {
        if (!key) { return a.index - b.index; }
        var x = value(a), y = value(b);
        var noX = x === "" || x !== x, noY = y === "" || y !== y;
        if (noX || noY) { return (noX ? 1 : 0) - (noY ? 1 : 0) || a.index - b.index; }
        var by = numeric ? x - y : x.localeCompare(y);
        return (down ? -by : by) || a.index - b.index;
      });
      var fragment = document.createDocumentFragment();
      sorted.forEach(function (known) { fragment.appendChild(known.row); });
      body.appendChild(fragment);
    }

    function keep() {
      var state = {};
      controls.forEach(function (control) {
        if (control.value !== preset(control)) { state[control.name] = control.value; }
      });
      if (sort) { state.sort = sort; }
      writeState(state);
    }

    function restore() {
      var state = readState();
      controls.forEach(function (control) {
        control.value = control.name in state ? state[control.name] : preset(control);
        // A value that the address invents is none.
        if (control.selectedIndex === -1) { control.value = preset(control); }
      });
      sort = state.sort || "";
      order();
      show();
    }

    form.addEventListener("input", function () { show(); keep(); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function (event) {
      event.preventDefault();
      writeState({});
      restore();
    });
    table.querySelectorAll("[data-sort]").forEach(function (button) {
      button.addEventListener("click", function () {
        var key = button.dataset.sort;
        sort = sort === key ? "-" + key : (sort === "-" + key ? "" : key);
        order();
        keep();
      });
    });
    window.addEventListener("hashchange", restore);
    restore();
  }

  // Tables without a form are sorted only.
  function bare(table) {
    var form = document.querySelector('form[data-for="' + table.id + '"]');
    if (form) { return start(form); }
    table.querySelectorAll("[data-sort]").forEach(function (button) {
      button.addEventListener("click", function () {
        var head = button.parentNode;
        var down = head.getAttribute("aria-sort") === "ascending";
        var numeric = head.classList.contains("number");
        var key = button.dataset.sort;
        table.querySelectorAll("[aria-sort]").forEach(function (other) { other.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        Array.prototype.slice.call(table.tBodies[0].rows).sort(function (a, b) {
          var x = a.dataset[key] || "", y = b.dataset[key] || "";
          var by = numeric ? (parseFloat(x) || 0) - (parseFloat(y) || 0) : x.localeCompare(y);
          return down ? -by : by;
        }).forEach(function (row) { table.tBodies[0].appendChild(row); });
      });
    });
  }

  // A link to a claim or an experiment opens what folds it away.
  function reveal() {
    var hash = window.location.hash.slice(1);
    var target = hash && hash.indexOf("=") < 0 && document.getElementById(hash);
    if (!target) { return; }
    for (var at = target; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
    var why = target.querySelector("details");
    if (why && target.tagName === "TR") { why.open = true; }
    target.scrollIntoView();
  }

  document.querySelectorAll("table[data-filtered]").forEach(bare);
  window.addEventListener("hashchange", reveal);
  reveal();
})();
