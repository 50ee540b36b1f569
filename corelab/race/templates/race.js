// The race: from what is chosen to the computed paths, and from these to Bokeh's data sources. Bokeh draws.

const LANE = 15; // pixels between two names on the chart
const NAME = 82; // pixels that a name takes
const STEPS_A_SECOND = 24; // at speed 1
const PLAY = "M7 4.5v15L20 12z";
const PAUSE = "M6 5h4.5v14H6zM13.5 5H18v14h-4.5z";

const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const shown = (range) => $(`output[for="${range}"]`);

async function inflated(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream);
}

// What `packed` of paths.py stored: differences from step to step, the upper bytes of all, then the lower ones.
async function unpacked(element) {
  const bytes = new Uint8Array(await (await inflated(element)).arrayBuffer());
  const codes = new Uint16Array(bytes.length / 2);
  codes.forEach((_, i) => {
    const change = (bytes[i] << 8) | bytes[codes.length + i];
    codes[i] = i % (steps + 1) ? codes[i - 1] + change : change;
  });
  return codes;
}

if (!globalThis.DecompressionStream) $("#old").hidden = false;
const page = await (await inflated($("#page"))).json();
const { optimizers, steps, surfaces } = page;
const [map, chart] = await Promise.all(
  ["map", "chart"].map(async (name) => (await Bokeh.embed.embed_item(page[name], name)).roots[0].model),
);
const source = (plot, name) => plot.document.get_model_by_name(name);
const dark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const codes = {}; // of a surface, unpacked when it is first chosen
const chosen = {
  language: page.language,
  surface: page.opening.surface,
  start: 0,
  rate: 0, // this and the next: which of those computed
  momentum: page.opening.momentum,
  best: false,
  names: new Set(optimizers.map(({ name }) => name)),
  step: 0,
};
let racers = []; // the chosen optimizers with their whole paths
let playing = 0; // the request for the next frame

const surface = () => surfaces[chosen.surface];
const theme = () => page.themes[dark.matches ? "dark" : "light"];
const colour = ({ name }) => theme().optimizers[name];

function text(name, fill = {}) {
  const message = page.texts[chosen.language][name];
  return Object.entries(fill).reduce((filled, [key, value]) => filled.replace(`{${key}}`, value), message);
}

// --- what is chosen

function racer(optimizer, rate) {
  const { centre, reach, lost, bottom, rates, starts } = surface();
  const { before, momenta } = optimizer;
  const setting = before * rates.length + rate * momenta + Math.min(chosen.momentum, momenta - 1);
  const from = (setting * starts.length + chosen.start) * (steps + 1);
  const all = codes[chosen.surface];
  const read = (which, decode) =>
    Array.from(all.subarray(from + (which * all.length) / 3).subarray(0, steps + 1), decode);
  const along = (axis) => (code) => centre[axis] + ((2 * code) / page.full - 1) * page.far * reach;
  const decades = Math.log10(lost) - page.floor;
  const height = (code) => code && 10 ** (page.floor + (code / page.full) * decades);
  const losses = read(2, (code) => (code > page.full ? Infinity : height(code)));
  const last = losses.findLastIndex(Number.isFinite);
  return {
    ...optimizer,
    rate: rates[rate],
    x: read(0, along(0)),
    y: read(1, along(1)),
    losses,
    heights: losses.map((loss) => Math.min(Math.max(loss, bottom / 10), lost)), // on the chart, or just below
    divergedAt: last < steps ? last + 1 : null, // from there on it is lost
  };
}

function best(optimizer) {
  const all = surface().rates.map((_, rate) => racer(optimizer, rate));
  return all.reduce((a, b) => (b.losses[steps] < a.losses[steps] ? b : a));
}

function race() {
  racers = optimizers
    .filter(({ name }) => chosen.names.has(name))
    .map((optimizer) => (chosen.best ? best(optimizer) : racer(optimizer, chosen.rate)));
  const whole = racers.map(({ heights, divergedAt }) => heights.slice(0, (divergedAt ?? steps) + 1));
  source(chart, "ghosts").data = { xs: whole.map((ys) => [...ys.keys()]), ys: whole, color: racers.map(colour) };
  const { starts, rates, minima } = surface();
  source(map, "minima").data = {
    x: minima.map(([x]) => x), y: minima.map(([, y]) => y), text: minima.map(() => text("minimum")),
  };
  source(map, "starts").data = {
    x: starts.map(([x]) => x), y: starts.map(([, y]) => y),
    marker: starts.map((_, i) => (i === chosen.start ? "circle_dot" : "circle")),
  };
  shown("rate").textContent = $("#rate").ariaValueText = chosen.best ? "" : rates[chosen.rate];
  shown("momentum").textContent = $("#momentum").ariaValueText = page.momenta[chosen.momentum];
  draw();
}

// --- up to the step

function draw() {
  const { centre, reach, bottom } = surface();
  const seen = racers.map((racer) => {
    const last = Math.min(chosen.step, racer.divergedAt ?? steps);
    return { ...racer, last, lost: last === racer.divergedAt, color: colour(racer) };
  });
  const path = (key) => seen.map((racer) => racer[key].slice(0, racer.last + 1));
  const [xs, ys, heights, color] = [path("x"), path("y"), path("heights"), seen.map(({ color }) => color)];
  const heads = (of, x, y) => ({
    x: of.map(x), y: of.map(y), marker: of.map(({ marker }) => marker), color: of.map(({ color }) => color),
  });
  const going = seen.filter(({ lost }) => !lost);

  source(map, "trails").data = { xs, ys, color };
  source(map, "dots").data = { x: xs.flat(), y: ys.flat(), color: xs.flatMap((x, i) => x.map(() => color[i])) };
  source(map, "heads").data = heads(going, ({ x, last }) => x[last], ({ y, last }) => y[last]);
  source(chart, "curves").data = { xs: heights.map((ys) => [...ys.keys()]), ys: heights, color };
  const height = ({ heights, last }) => Math.max(heights[last], bottom);
  source(chart, "heads").data = heads(seen, ({ last }) => last, height);
  source(chart, "names").data = names(seen);

  for (const output of $$("[data-loss]")) {
    const racer = seen.find(({ name }) => name === output.dataset.loss);
    if (!racer) { output.textContent = ""; continue; }
    const { x, y, last, lost, losses, rate } = racer;
    const outside = Math.max(Math.abs(x[last] - centre[0]), Math.abs(y[last] - centre[1])) > reach;
    const state = lost ? text("diverged", { step: last }) : number(losses[last]) + (outside ? " ↗" : "");
    output.textContent = (chosen.best ? `η ${rate} · ` : "") + state;
    output.title = outside && !lost ? text("outside") : "";
  }
  $("#step").value = chosen.step;
  shown("step").textContent = `${chosen.step} / ${steps}`;
}

// Beside the heads of the curves, moved apart where they would lie over each other.
function names(seen) {
  const [floor, top] = [surface().bottom, surface().lost].map(Math.log10);
  const lane = (LANE * (top - floor)) / (chart.inner_height || 300);
  const rows = seen.map(({ name, last, lost, heights, color }) => ({
    x: last,
    y: Math.log10(heights[last]),
    text: (text(`${name} short`) ?? text(name)) + (lost ? ` ${text("diverged", { step: last })}` : ""),
    color,
    align: lost && last > steps / 2 ? "right" : "left",
    offset: lost && last > steps / 2 ? -10 : 10,
  }));
  rows.sort((a, b) => b.y - a.y);
  let limit = top - lane / 2;
  for (const row of rows) limit = (row.y = Math.min(row.y, limit)) - lane;
  limit = floor + 0.6 * lane;
  for (const row of rows.toReversed()) limit = (row.y = Math.max(row.y, limit)) + lane;
  for (const row of rows) row.y = 10 ** row.y;
  const columns = ["x", "y", "text", "color", "align", "offset"];
  return Object.fromEntries(columns.map((key) => [key, rows.map((row) => row[key])]));
}

function number(loss) {
  if (loss === 0) return `< 1e${page.floor}`;
  return loss >= 0.001 && loss < 1e5 ? loss.toPrecision(3) : loss.toExponential(1);
}

// --- play

function to(step) {
  chosen.step = Math.min(Math.max(step, 0), steps);
  draw();
}

function play() {
  if (chosen.step === steps) to(0);
  let [before, part] = [performance.now(), 0];
  const frame = (now) => {
    part += ((now - before) / 1000) * STEPS_A_SECOND * $("#speed").value;
    before = now;
    if (part >= 1) {
      to(chosen.step + Math.floor(part));
      part %= 1;
    }
    if (chosen.step === steps) pause();
    else playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
  label();
}

function pause() {
  cancelAnimationFrame(playing);
  playing = 0;
  label();
}

function label() {
  $("#play").ariaLabel = $("#play").title = text(playing ? "pause" : "play");
  $("#play path").setAttribute("d", playing ? PAUSE : PLAY);
}

// --- surface, language, light and dark

async function show(name) {
  const radio = $(`[name="surface"][value="${name}"]`);
  radio.checked = true;
  codes[name] ??= await unpacked($(`[data-paths="${name}"]`));
  if (!radio.checked) return; // another one was chosen meanwhile
  const { centre, reach, lost, bottom, rates, rate } = surfaces[name];
  Object.assign(chosen, { surface: name, start: 0, rate: rates.indexOf(rate) });
  for (const each of Object.keys(surfaces)) source(map, each).visible = each === name;
  map.x_range.setv({ start: centre[0] - reach, end: centre[0] + reach });
  map.y_range.setv({ start: centre[1] - reach, end: centre[1] + reach });
  chart.y_range.setv({ start: bottom, end: lost });
  $("#rate").value = chosen.rate;
  $(`[name="start"][value="0"]`).checked = true;
  about();
  race();
}

function about() {
  $("#look").textContent = text(`${chosen.surface}: look`);
  $("#formula").textContent = `C(θ) = ${surface().formula}`;
  $("#source").textContent = text(`${chosen.surface}: source`);
}

function speak(language) {
  chosen.language = document.documentElement.lang = language;
  $(`[name="language"][value="${language}"]`).checked = true;
  document.title = text("title");
  for (const element of $$("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of $$("[data-label]")) element.ariaLabel = element.title = text(element.dataset.label);
  chart.below[0].axis_label = text("step");
  chart.left[0].axis_label = text("loss");
  about();
  label();
}

// Bokeh's canvases know nothing of the page's style: its colours and its font are handed over.
function paint() {
  const style = getComputedStyle(document.body);
  const [ink, soft, line, card] = ["ink", "soft", "line", "card"].map((name) => style.getPropertyValue(`--${name}`));
  const font = style.fontFamily;
  const { ground, contour } = theme();
  for (const racer of optimizers) document.documentElement.style.setProperty(`--${racer.name}`, colour(racer));
  for (const plot of [map, chart]) {
    for (const axis of [...plot.below, ...plot.left]) {
      axis.setv({
        axis_label_text_color: ink, axis_label_text_font: font, axis_line_color: line,
        major_label_text_color: soft, major_label_text_font: font, major_tick_line_color: line,
      });
    }
    for (const grid of plot.center) grid.setv({ grid_line_color: line });
    for (const { data_source, glyph } of plot.renderers) {
      if (data_source?.name === "heads") glyph.line_color = { value: card };
      if (data_source?.name === "starts") glyph.line_color = { value: ink };
      const isText = glyph?.type === "Text";
      if (data_source?.name === "minima") glyph[isText ? "text_color" : "fill_color"] = { value: ink };
      if (isText) glyph.setv({ text_font: { value: font }, background_fill_color: { value: card } });
    }
  }
  for (const name of Object.keys(surfaces)) {
    const { fill_renderer, line_renderer } = source(map, name);
    fill_renderer.data_source.data = { ...fill_renderer.data_source.data, fill_color: ground };
    line_renderer.glyph.line_color = { value: contour };
  }
  if (racers.length) race();
}

// Room for the names, to the right of the last step.
function fit() {
  const end = steps / (1 - NAME / Math.max(chart.inner_width, 2 * NAME));
  chart.x_range.setv({ start: -0.02 * end, end });
  if (racers.length) draw();
}

// --- what a person does

function on(selector, event, action) {
  for (const element of $$(selector)) element.addEventListener(event, () => action(element));
}

on('[name="language"]', "change", ({ value }) => { speak(value); race(); });
on('[name="surface"]', "change", ({ value }) => show(value));
on('[name="start"]', "change", ({ value }) => begin(Number(value)));
on("#rate", "input", ({ value }) => { chosen.rate = Number(value); race(); });
on("#momentum", "input", ({ value }) => { chosen.momentum = Number(value); race(); });
on("#best", "change", ({ checked }) => { chosen.best = $("#rate").disabled = checked; race(); });
on('[name="optimizer"]', "change", ({ value, checked }) => {
  chosen.names[checked ? "add" : "delete"](value);
  race();
});
on("#step", "input", ({ value }) => { pause(); to(Number(value)); });
on("#back", "click", () => { pause(); to(chosen.step - 1); });
on("#on", "click", () => { pause(); to(chosen.step + 1); });
on("#play", "click", () => (playing ? pause() : play()));

function begin(start) {
  if (start === chosen.start) return;
  chosen.start = start;
  $(`[name="start"][value="${start}"]`).checked = true;
  race();
}

for (const event of ["tap", "pan"]) {
  map.on_event(event, ({ x, y }) => {
    const far = surface().starts.map((start) => Math.hypot(start[0] - x, start[1] - y));
    begin(far.indexOf(Math.min(...far)));
  });
}

addEventListener("keydown", (event) => {
  const key = { " ": "#play", ArrowLeft: "#back", ArrowRight: "#on" }[event.key];
  const meant = event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, button");
  if (!key || meant) return; // for something else
  event.preventDefault();
  $(key).click();
});

dark.addEventListener("change", paint);
for (const size of ["inner_width", "inner_height"]) chart.properties[size].change.connect(fit);

$("#momentum").value = chosen.momentum;
speak(chosen.language);
paint();
fit();
await show(chosen.surface);
if (calm.matches) to(steps);
else play();
document.body.dataset.ready = "";
