// Sets theme and language before the first paint; a plain script, because modules come too late for that.
(function () {
  var root = document.documentElement;
  var theme = null;
  var language = null;
  try {
    theme = localStorage.getItem("antiphon.theme");
    language = localStorage.getItem("antiphon.language");
  } catch (_) {
    theme = null; // storage is closed to this page: the system's wishes hold
  }
  var dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "dark" : "light";
  var chinese = language ? language === "zh" : /^zh\b/i.test(navigator.language || "");
  root.lang = chinese ? "zh-CN" : "en";
})();
