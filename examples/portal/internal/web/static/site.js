/* Small helps. Every page works without this file. */
(function () {
  "use strict";
  var d = document;
  var summary = d.querySelector(".error-summary");
  if (summary) summary.focus();

  /* Forward to another site: <form data-autosubmit>. */
  var forward = d.querySelector("form[data-autosubmit]");
  if (forward) forward.submit();

  /* Warning before the session ends: <div data-expires="RFC 3339" data-warn="120" hidden>. */
  var box = d.querySelector("[data-expires]");
  if (box) {
    var end = Date.parse(box.getAttribute("data-expires"));
    var warn = Number(box.getAttribute("data-warn") || 120) * 1000;
    if (!isNaN(end)) {
      var loaded = Date.now();
      /* The server's clock decides: count down from what was left when the page was made. */
      var made = Date.parse(box.getAttribute("data-now"));
      var left = end - (isNaN(made) ? loaded : made);
      var show = function () {
        box.hidden = false;
      };
      setTimeout(show, Math.min(Math.max(left - warn, 0), 2147483647));
      d.addEventListener("visibilitychange", function () {
        if (!d.hidden && Date.now() - loaded > left - warn) show();
      });
    }
  }

  /* Character count: <textarea data-count="500" data-left="Noch {n} Zeichen" data-over="…">. */
  d.querySelectorAll("[data-count]").forEach(function (el) {
    var out = d.getElementById(el.id + "-count");
    if (!out) return;
    var timer;
    var update = function () {
      var n = Number(el.getAttribute("data-count")) - Array.from(el.value).length;
      var text = el.getAttribute(n < 0 ? "data-over" : "data-left") || "";
      out.textContent = text.replace("{n}", Math.abs(n));
      out.classList.toggle("over", n < 0);
    };
    el.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(update, 400);
    });
    update();
  });

  /* Size of chosen files: <input type="file" data-max-bytes="…" data-too-big="{name} …">. */
  d.querySelectorAll("input[type=file][data-max-bytes]").forEach(function (el) {
    el.addEventListener("change", function () {
      var out = d.getElementById(el.id + "-check");
      var max = Number(el.getAttribute("data-max-bytes"));
      var big = Array.from(el.files).filter(function (f) {
        return f.size > max;
      });
      if (out) out.textContent = big.length ? el.getAttribute("data-too-big").replace("{name}", big[0].name) : "";
      if (big.length) el.value = "";
    });
  });
})();
