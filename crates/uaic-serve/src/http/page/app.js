// The page at `/`: asks the server's own API, and shows what it says. Nothing is kept but in memory.
// Whatever comes from a person or a model enters the page as text, never as markup.

// The label that data sets give to texts of no intent; the server takes any.
const OUT_OF_SCOPE = "<unknown>";

const by = id => document.getElementById(id);
const inside = (id, selector) => by(id).querySelector(selector);

let models = [];
let shown = null; // the entry of the history that is on the screen
const asked = []; // {text, answer, prediction, milliseconds, verdict}, the newest last

/** A new element of a class, with texts and elements inside. */
function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children);
  return element;
}

function percent(share) {
  // A number never leaves its unit, hence the blanks that do not break.
  if (share > 0.999 && share < 1) return ">\u00a099.9\u00a0%";
  if (share > 0 && share < 0.001) return "<\u00a00.1\u00a0%";
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** What went wrong, in words that can be shown. */
class Problem extends Error {
  constructor(title, message, code, pointer) {
    super(message);
    Object.assign(this, { title, code, pointer });
  }
}

/** What the server answers, and how long that took; an answer without a body is `null`. */
async function call(path, body) {
  const request = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const began = performance.now();
  let response, text;
  try {
    response = await fetch(path, request);
    text = await response.text();
  } catch {
    throw new Problem("No answer", "The server cannot be reached. Is it still running?");
  }
  const milliseconds = performance.now() - began;
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Problem("Not understood", "The answer is not JSON.");
  }
  if (!response.ok) throw problemOf(response, value);
  return { value, milliseconds };
}

function problemOf(response, value) {
  const { code, message, pointer } = value?.error ?? {};
  const title = { 422: "Not accepted", 429: "Too busy", 503: "Not available", 504: "Too slow" };
  return new Problem(
    title[response.status] ?? "That went wrong",
    sentence(message ?? `the server says ${response.status} ${response.statusText}`),
    code,
    pointer,
  );
}

/** What programs write as a clause, as people read it. */
function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

function showProblem(problem) {
  const parts = [make("h2", "", problem.title ?? "That went wrong"), make("p", "", problem.message)];
  const details = [problem.code, problem.pointer && `at ${problem.pointer}`].filter(Boolean);
  if (details.length) parts.push(make("code", "", details.join(" ")));
  by("problem").replaceChildren(...parts);
  by("problem").hidden = false;
}

// Models

async function loadModels() {
  const { value } = await call("v1/models");
  // A shadow answers nobody, and a canary answers under the name of the model that it is to follow.
  const live = value.models.filter(model => model.role === "live");
  models = live.length ? live : value.models;
  by("model").replaceChildren(...models.map(model => new Option(model.name)));
  by("model").disabled = models.length < 2;
  if (models.length) showModel();
  else showProblem(new Problem("Not ready", "The server has no model loaded."));
}

const chosenModel = () => models.find(model => model.name === by("model").value);

function showModel() {
  const model = chosenModel();
  const count = model.labels.length;
  by("about-title").textContent = `${model.name} tells ${count} ${count === 1 ? "label" : "labels"} apart`;
  const facts = [model.architecture, `version ${model.version}`];
  facts.push(model.calibrated ? "calibrated, with a threshold for out of scope" : "not calibrated");
  inside("about", "p").textContent = facts.join(" · ");
  inside("about", ".labels").replaceChildren(...model.labels.map(label => make("li", "", label)));
  by("about").hidden = shown !== null;
}

// Asking

async function ask(event) {
  event.preventDefault();
  const text = by("text").value;
  const button = inside("ask", "button");
  button.disabled = true;
  by("problem").hidden = true;
  try {
    const body = { text, top_k: 5, explain: true };
    if (by("model").value) body.model = by("model").value;
    const { value, milliseconds } = await call("v1/predict", body);
    const entry = { text, answer: value, prediction: value.predictions[0], milliseconds, verdict: "" };
    asked.push(entry);
    show(entry);
    by("spoken").textContent = spoken(entry);
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
    by("text").focus();
  }
}

/** The answer as a sentence, for who does not see the page. */
function spoken({ prediction }) {
  const scope = { true: ", out of scope", false: ", in scope" }[prediction.out_of_scope] ?? "";
  return `${prediction.label}, ${percent(prediction.confidence)}${scope}.`;
}

// Showing

function show(entry) {
  shown = entry;
  const { prediction } = entry;
  by("about").hidden = true;
  inside("answer", ".asked").textContent = entry.text;
  by("verdict").textContent = prediction.label;
  inside("answer", ".confidence").textContent = percent(prediction.confidence);
  showScope(prediction);
  inside("answer", ".bars").replaceChildren(...prediction.top.map(bar));
  showAttention(prediction.tokens ?? []);
  showFeedback(entry);
  showFacts(entry);
  by("answer").hidden = false;
  showHistory();
}

function showScope({ out_of_scope }) {
  const badge = inside("answer", ".badge");
  const states = { true: ["out", "Out of scope"], false: ["in", "In scope"] };
  const [name, text] = states[out_of_scope] ?? ["", "Scope not known"];
  badge.className = `badge ${name}`;
  badge.textContent = text;
  by("answer").classList.toggle("odd", out_of_scope === true);
  badge.title = name ? "" : "The model has no calibration, hence no threshold.";
}

function bar({ label, confidence }) {
  const filled = make("div", "bar");
  filled.style.setProperty("--share", confidence);
  const track = make("div", "track", filled);
  track.ariaHidden = "true";
  const name = make("span", "label", label);
  name.title = label;
  return make("li", "", name, track, make("span", "value", percent(confidence)));
}

/** Words on a ground the stronger, the larger their weight; the largest of a text has the full one. */
function showAttention(tokens) {
  inside("answer", ".attention").hidden = tokens.length === 0;
  const most = Math.max(...tokens.map(({ weight }) => weight), Number.MIN_VALUE);
  const items = tokens.map(({ token, weight }) => {
    const number = make("span", "weight", percent(weight));
    number.classList.toggle("unseen", !by("numbers").checked);
    const item = make("li", "", make("span", "", token), number);
    item.title = percent(weight);
    item.style.setProperty("--share", Math.max(weight, 0) / most);
    return item;
  });
  inside("answer", ".tokens").replaceChildren(...items);
}

function showFacts({ answer, prediction, milliseconds }) {
  const facts = [
    ["Model", `${answer.model}, version ${answer.version}`],
    ["Round trip", `${milliseconds.toFixed(1)} ms`],
  ];
  if (Number.isFinite(prediction.score)) facts.push(["Scope score", prediction.score.toPrecision(4).replace("-", "−")]);
  facts.push(["Request", answer.id]);
  const fact = ([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value));
  const items = facts.map(fact);
  items.at(-1).lastChild.classList.add("id");
  inside("answer", ".facts").replaceChildren(...items);
}

function showHistory() {
  const items = asked.map(entry => {
    const { label, confidence, out_of_scope } = entry.prediction;
    const said = make("span", "said", label);
    if (out_of_scope) said.append(" · ", make("span", "out", "out of scope"));
    if (entry.verdict) said.append(" · ", entry.verdict);
    const value = make("span", "value", percent(confidence));
    const button = make("button", "", make("span", "text", entry.text), said, value);
    button.type = "button";
    button.ariaCurrent = String(entry === shown);
    button.onclick = () => {
      show(entry);
      by("history").querySelector("[aria-current=true]").focus();
    };
    return make("li", "", button);
  });
  by("history").replaceChildren(...items.reverse());
  by("history").previousElementSibling.hidden = asked.length > 0;
}

// Feedback

function showFeedback(entry) {
  const labels = models.find(model => model.name === entry.answer.model)?.labels ?? [];
  const others = labels.filter(label => label !== entry.prediction.label);
  const options = [new Option("choose a label", ""), ...others.map(label => new Option(label))];
  by("label").replaceChildren(...options, new Option("none of these", OUT_OF_SCOPE));
  for (const control of by("feedback").elements) control.disabled = entry.verdict !== "";
  const thanks = inside("feedback", ".thanks");
  thanks.className = "thanks";
  thanks.textContent = entry.verdict && `Noted: ${entry.verdict}. Thank you.`;
}

async function tell(label) {
  const entry = shown;
  for (const control of by("feedback").elements) control.disabled = true; // one answer, one verdict
  let failed = "";
  try {
    await call("v1/feedback", { id: entry.answer.id, label });
    const right = label === OUT_OF_SCOPE ? "none of the labels" : label;
    entry.verdict = label === entry.prediction.label ? "right" : `should be ${right}`;
    showHistory();
  } catch (problem) {
    failed = problem.message;
  }
  if (entry !== shown) return;
  showFeedback(entry);
  if (!failed) return;
  inside("feedback", ".thanks").classList.add("failed");
  inside("feedback", ".thanks").textContent = failed;
}

function correct(event) {
  event.preventDefault();
  if (by("label").value) tell(by("label").value);
  else by("label").focus();
}

// Wiring

by("ask").addEventListener("submit", ask);
by("text").addEventListener("keydown", event => {
  // While a word is being composed (Japanese, say), Enter belongs to the composition.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!inside("ask", "button").disabled) by("ask").requestSubmit();
});
by("model").addEventListener("change", showModel);
by("numbers").addEventListener("change", () => showAttention(shown.prediction.tokens ?? []));
by("right").addEventListener("click", () => tell(shown.prediction.label));
by("feedback").addEventListener("submit", correct);
loadModels().catch(showProblem);
