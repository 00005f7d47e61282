"use strict";
/* Shows the document, and lets somebody call the operations as a person. The token is in the memory of this page alone. */
(() => {
  const SCHEME = "bearer";
  const NOBODY = "Nobody yet: the operations with a lock need a person.";
  const LABELS = { login: "Log in", register: "Register", token: "Use the token" };
  const form = document.getElementById("sign-in");
  const said = document.getElementById("said");
  const submit = document.getElementById("submit");
  const logOut = document.getElementById("log-out");
  let current = null;
  let followed = null;
  let timer = 0;

  function say(text, { failed = false } = {}) {
    said.textContent = text;
    said.classList.toggle("failed", failed);
  }

  function showWay() {
    const way = form.elements.way.value;
    for (const field of form.querySelectorAll("[data-ways]")) {
      const wanted = field.dataset.ways.split(" ").includes(way);
      field.hidden = !wanted;
      field.querySelector("input").disabled = !wanted;
    }
    form.elements.password.autocomplete = way === "register" ? "new-password" : "current-password";
    submit.textContent = LABELS[way];
  }

  /* The problem of an answer in a sentence for a person: every field that is wrong, or else the detail. */
  function explain(problem) {
    const faults = (problem.errors ?? []).map((error) => `${error.field}: ${error.message}`);
    return faults.join("; ") || problem.detail || "The service gave no reason.";
  }

  async function ask(address, options) {
    const response = await fetch(address, options);
    const content = await response.json();
    if (!response.ok) throw new Error(explain(content));
    return content;
  }

  function post(address, content) {
    return ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });
  }

  /* How many seconds a token lasts by its own claim, or NaN where it has none that can be read. */
  function secondsLeft(token) {
    try {
      const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
      return claims.exp - Date.now() / 1000;
    } catch {
      return NaN;
    }
  }

  /* The token that the operations of the page are called with, or null. */
  function inUse() {
    return window.ui.authSelectors.authorized()?.getIn([SCHEME, "value"]) ?? null;
  }

  function forget(text, options) {
    current = null;
    clearTimeout(timer);
    if (inUse() !== null) window.ui.authActions.logout([SCHEME]);
    form.hidden = false;
    logOut.hidden = true;
    say(text, options);
  }

  /* Calls as the owner of a token from now on; who that is, and whether the token is acceptable, the service says. */
  async function adopt(token, seconds = secondsLeft(token)) {
    current = token;
    const person = await ask("/api/me", { headers: { Authorization: `Bearer ${token}` } });
    if (current !== token) return;
    if (inUse() !== token) window.ui.preauthorizeApiKey(SCHEME, token);
    clearTimeout(timer);
    let until = "";
    if (seconds > 0) {
      const end = new Date(Date.now() + seconds * 1000);
      until = `, until ${end.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
      timer = setTimeout(() => forget("The token has expired: log in again.", { failed: true }), Math.min(seconds * 1000, 2 ** 31 - 1));
    }
    form.hidden = true;
    logOut.hidden = false;
    say([person.name, person.email && `(${person.email})`].filter(Boolean).join(" ") + until);
  }

  async function signIn(given) {
    if (given.way === "token") return adopt(given.token.trim().replace(/^Bearer\s+/i, ""));
    if (given.way === "register") await post("/auth/register", { email: given.email, password: given.password, name: given.name });
    const access = await post("/auth/login", { email: given.email, password: given.password });
    return adopt(access.access_token, access.expires_in);
  }

  form.addEventListener("change", showWay);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    say("One moment \u2026");
    try {
      await signIn(Object.fromEntries(new FormData(form)));
      for (const name of ["password", "token"]) form.elements[name].value = "";
      said.focus();
    } catch (error) {
      forget(error instanceof TypeError || error instanceof SyntaxError ? "The service is not answering." : error.message, { failed: true });
    } finally {
      submit.disabled = false;
    }
  });
  logOut.addEventListener("click", () => {
    forget(NOBODY);
    form.elements.email.focus();
  });

  function noteRefusal(response) {
    const refused = response.status === 401 && current !== null && !response.url.includes("/auth/");
    if (refused) forget("The token was refused: log in again.", { failed: true });
    return response;
  }

  /* A token that came in by a lock of the page below counts as well, and so does taking it away there. */
  function follow() {
    const token = inUse();
    const isNews = token !== followed && token !== current;
    followed = token;
    if (!isNews) return;
    if (token === null) forget(NOBODY);
    else adopt(token).catch((error) => forget(error.message, { failed: true }));
  }

  showWay();
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    responseInterceptor: noteRefusal,
    onComplete: () => {
      form.hidden = false;
      say(NOBODY);
      window.ui.getStore().subscribe(follow);
    },
  });
})();
