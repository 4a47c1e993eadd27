// The page: builds the picture, and updates it and the panels around it when a zone is chosen or hovered.

const MODES = Object.keys(COLOURINGS);
const MANY_SOLIDS = 500; // if there are more, only their outer surface is drawn
const SPECK = 14; // pixels; a smaller island gets a ring with its number, if there are not too many
const ROOMY = 40; // pixels; the ring around an island without data points grows with it up to this radius

class State {
  constructor() {
    this.chosen = []; // numbers of at most two zones
    this.hovered = -1;
    this.hidden = new Set(); // numbers of zones that are switched off
  }

  press(zone) {
    if (zone < 0) this.chosen = [];
    else if (this.chosen.length === 1 && this.chosen[0] !== zone) this.chosen = [this.chosen[0], zone];
    else this.chosen = [zone];
  }

  /** Switch zones on or off; without zones, switch all on. */
  switch(isOn, zones = [...this.hidden]) {
    for (const zone of zones) this.hidden[isOn ? 'delete' : 'add'](zone);
  }

  /** The zones to highlight, each with its colour. */
  shown(colours) {
    const highlighted = this.chosen.map((zone, k) => ({ zone, colour: k ? colours.second : colours.accent }));
    if (this.hovered >= 0 && !this.chosen.includes(this.hovered)) highlighted.push({ zone: this.hovered, colour: colours.ink });
    return highlighted;
  }
}

class Page {
  /** @param before the page that this one replaces, whose settings it takes over; or undefined. */
  constructor(scene, before) {
    this.scene = scene;
    this.main = scene.spaces[0];
    this.book = new Book(scene);
    this.state = new State();
    this.colours = theme();
    this.painter = before?.painter ?? new Painter();
    this.mode = before?.mode ?? 'island';
    this.showData = before?.showData ?? true;
    this.showHoles = before?.showHoles ?? new Set(['firing', 'complement']);
    this.opacity = before?.opacity ?? 0.5;
    this.book.writesExactly = before?.book.writesExactly ?? false;
    before?.close();
    this.shape = shapeOf(this.main, scene.threshold);
    this.cells = shapeOf(this.main, scene.threshold, this.main.cells);
    this.places = new WeakMap();
    this.islands = Array.from({ length: scene.islands }, () => []); // the zones of each
    this.main.colours.island.forEach((island, zone) => this.islands[island].push(zone));
    this.lonely = new Map((scene.data?.empty ?? []).map((island) => [island, this.islands[island]]));
    this.reshape();
    this.recolour();
    this.panels = scene.spaces.slice(1).map((space, k) => new LatentPanel(space, k + 1, this.main, this.state,
      { painter: this.painter, threshold: scene.threshold, theme: () => this.colours, colouring: (shape) => this.coloured(shape) }));
    this.controls = new Controls(this);
    this.view = this.main.dim === 3 ? this.solid(before?.view.camera) : this.plane();
    if (before?.view.view && this.view.view) this.view.take(before.view);
    this.panels.forEach((panel) => panel.open());
    this.update();
    this.listening = new AbortController();
    const { signal } = this.listening;
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', () => this.restyle(), { signal });
    document.addEventListener('keydown', (event) => this.key(event), { signal });
  }

  /** Leave the document as it was before the page was built. */
  close() {
    this.listening.abort();
    if (this.main.dim === 3) Plotly.purge(document.getElementById('picture'));
    document.querySelector('#stage .tools').remove();
    document.getElementById('tip').hidden = true;
    for (const id of ['picture', 'notes', 'colouring', 'islands', 'latents', 'chosen', 'position', 'keys']) {
      const old = document.getElementById(id);
      old.replaceWith(old.cloneNode(false));
    }
  }

  restyle() {
    this.colours = theme();
    this.recolour();
    this.controls.legend();
    this.redraw();
    this.update();
  }

  /** Build the shapes of the zones that are switched on. */
  reshape() {
    const { main, scene, state } = this, solid = main.dim === 3;
    const visible = state.hidden.size ? main.rings.map((rings, zone) => (state.hidden.has(zone) ? [] : rings)) : main.rings;
    const outer = solid ? outerRings(visible) : null;
    this.hollow = solid && this.shape.count - state.hidden.size > MANY_SOLIDS;
    this.drawn = !this.hollow && !state.hidden.size ? this.shape : shapeOf(main, scene.threshold, this.hollow ? outer : visible);
    this.creases = solid ? creases(outer.flat(), main.corners) : null;
    this.finder = solid ? null : new Finder(this.drawn);
  }

  switch(isOn, zones) {
    this.state.switch(isOn, zones);
    this.reshape();
    this.controls.islands();
    this.redraw();
    this.update();
  }

  recolour() {
    let [low, high] = [Infinity, -Infinity];
    for (const value of this.shape.values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    // Where the feature fires, its value is above the threshold; smaller values are rounding errors.
    this.colouring = new Colouring(this.mode, this.main, [Math.max(low, this.scene.threshold), high], this.colours);
    this.places = new WeakMap();
  }

  coloured(shape) {
    if (!this.places.has(shape)) this.places.set(shape, this.colouring.places(shape));
    return { colouring: this.colouring, places: this.places.get(shape) };
  }

  // Drawing the picture.

  layers() {
    const { colouring, places } = this.coloured(this.drawn), solid = this.main.dim === 3;
    const faded = solid && this.state.chosen.length;
    return [{ shape: this.drawn, places, ramp: colouring.ramp, opacity: solid ? (faded ? Math.min(0.12, this.opacity) : this.opacity) : 0.92, edge: solid ? this.colours.ink : this.colours.surface, edges: !solid ? 0.85 : faded ? 0.2 : 0.6, segments: this.creases, without: this.state.chosen }];
  }

  plane() {
    const { main, scene } = this, graph = main.dim === 1;
    const [low, high] = this.shape.zoneOf.length ? this.shape.box() : [[0, 0], [0, 1]];
    const room = 0.08 * (high[1] - low[1]) || 1;
    const window = graph ? [[main.window[0][0], low[1] - room], [main.window[1][0], high[1] + room]] : main.window;
    const domain = graph || !main.domain ? null : main.domain.map((ring) => ring.map((k) => main.corners[k]));
    return new Plane(document.getElementById('picture'), this.painter, {
      window, domain, stretched: graph, axes: graph ? [scene.axes[0], 'value'] : scene.axes,
      label: 'The zones. Arrow keys pan, plus and minus zoom, 0 shows everything, n and p select the next and previous zone, Escape clears the selection.',
      theme: () => this.colours, layers: () => this.layers(), over: (plane, colours) => this.over(plane, colours),
      marks: () => (this.scene.data && this.showData ? (this.groups ??= grouped(this.marks(), this.scene.data)) : []),
      point: (x, y, event) => this.hover(event ? this.finder.at(x, y) : -1, event, graph ? [x] : [x, y], event ? this.dataAt(x, y) : -1),
      press: (x, y) => this.press(this.finder.at(x, y)),
    });
  }

  solid(camera) {
    return new Solid(document.getElementById('picture'), {
      camera, window: this.main.window, axes: this.scene.axes, label: 'The zones as solids. Arrow keys rotate, plus and minus zoom, 0 restores the first view, n and p select the next and previous zone, Escape clears the selection.',
      theme: () => this.colours, layers: () => this.layers(), marked: () => this.outlines(this.colours), extra: () => this.dots(),
      point: (zone, event, at) => this.hover(zone, event, at), press: (zone) => this.press(zone),
    });
  }

  /** Outlines of the highlighted zones, of their closed cells, and of the facet that two of them share. */
  outlines(colours) {
    const outlines = this.state.shown(colours).flatMap(({ zone, colour }) => [
      ...(this.main.cells[zone] ? [{ rings: this.cells.ringsOf(zone), colour, width: 1.2, dashed: true }] : []),
      { rings: this.shape.ringsOf(zone), colour, width: 2.4, fill: this.main.dim === 3 ? 0.6 : 0.14 },
    ]);
    const [a, b] = this.state.chosen;
    if (b !== undefined && this.book.edge(a, b)) outlines.push({ rings: this.common(a, b), colour: colours.ink, width: 5, fill: 0.8 });
    return outlines;
  }

  /** The facet that two zones share, inside the window; equal corners have equal numbers. */
  common(a, b) {
    const rings = (zone) => this.main.cells[zone] ?? this.main.rings[zone];
    const cornersOfB = new Set(rings(b).flat());
    const shared = rings(a).map((ring) => ring.filter((corner) => cornersOfB.has(corner))).filter((ring) => ring.length >= Math.max(1, this.main.dim));
    const points = shared.map((ring) => ring.map((corner) => this.main.corners[corner]));
    return this.main.dim === 1 ? points.map(([[x]]) => [[x, this.scene.threshold], [x, evaluate(this.main.functions[a], [x])]]) : points;
  }

  over(plane, colours) {
    this.band(plane, colours);
    for (const [kind, loops] of Object.entries(this.scene.holes ?? {}))
      if (this.showHoles.has(kind)) for (const loop of loops) plane.loop(loop, colours, kind === 'complement');
    for (const [at, radius] of this.rings(plane)) plane.circle(at, radius, colours.second);
    for (const [at, island] of this.specks(plane)) plane.ring(at, island, colours);
    for (const { rings, colour, width, dashed, fill } of this.outlines(colours)) for (const ring of rings) plane.outline(ring, colour, width, { dashed, fill });
  }

  /** Where the conditions of zones are zero, as wide as floats may move it, but no thinner than a hair. */
  band(plane, colours) {
    const { band, corners, dim } = this.main, { threshold } = this.scene;
    if (!band) return;
    for (const [zone, ...ends] of band.edges) {
      if (this.state.hidden.has(zone)) continue;
      const ring = dim === 1 ? [[corners[ends[0]][0], threshold], [corners[ends[0]][0], plane.options.window[1][1]]] : ends.map((end) => corners[end]);
      plane.stroke(ring, colours.ink, Math.max(0.7, 2 * (band.half[zone] ?? 0) * plane.view.kx));
    }
  }

  /** The islands without data points of which something is drawn, as lists of zones. */
  circled() {
    if (!this.showData) return [];
    return [...this.lonely.values()].filter((zones) => zones.some((zone) => !this.state.hidden.has(zone) && this.shape.ringsOf(zone).length));
  }

  /** Circles around these islands: centre and radius in pixels. */
  rings(plane) {
    return this.circled().map((zones) => {
      const [low, high] = this.shape.box(zones), { kx, ky } = plane.view;
      const middle = low.map((entry, axis) => (entry + high[axis]) / 2), radius = 6 + Math.hypot((high[0] - low[0]) * kx, (high[1] - low[1]) * ky) / 2;
      return radius < ROOMY ? [middle, Math.max(12, radius)] : [centre(this.shape.ringsOf(zones[0])[0] ?? [middle]), 12];
    });
  }

  /** The islands in sight that are too small to be seen: their middles and numbers; none if there are too many. */
  specks(plane) {
    if (this.main.dim !== 2) return [];
    const { kx, ky } = plane.view, circled = new Set(this.circled());
    this.boxes ??= this.islands.map((zones) => (zones.some((zone) => this.shape.ringsOf(zone).length) ? this.shape.box(zones) : null));
    const found = [];
    this.boxes.forEach((box, island) => {
      if (!box || circled.has(this.islands[island]) || this.islands[island].every((zone) => this.state.hidden.has(zone))) return;
      const [low, high] = box, middle = low.map((entry, axis) => (entry + high[axis]) / 2);
      if (Math.hypot((high[0] - low[0]) * kx, (high[1] - low[1]) * ky) < SPECK && plane.shows(middle)) found.push([middle, island]);
    });
    return found.length > NAMED ? [] : found;
  }

  dots() {
    const { data } = this.scene;
    if (!data || !this.showData) return [];
    const symbols = Object.keys(SOLID_MARKS);
    const axis = (k) => data.at.map((at) => at[k]);
    return [{ type: 'scatter3d', mode: 'markers', x: axis(0), y: axis(1), z: axis(2), hoverinfo: 'skip',
      marker: { size: 3.5, color: this.colours.ink, symbol: data.at.map((_, k) => symbols[(data.label[k] ?? 0) % symbols.length]), opacity: 0.85 } },
      circles(this.circled().map((zones) => this.shape.box(zones)), this.colours.second)];
  }

  // Responding to the mouse and the keyboard.

  /** The number of the data point drawn at a point of the plane, or -1. */
  dataAt(x, y) {
    const { data } = this.scene;
    if (!data || !this.showData) return -1;
    const { kx, ky } = this.view.view, marks = this.marks();
    let [best, least] = [-1, 7];
    marks.forEach((at, k) => {
      const apart = Math.hypot((at[0] - x) * kx, (at[1] - y) * ky);
      if (apart < least) [best, least] = [k, apart];
    });
    return best;
  }

  /** Where data points are drawn. */
  marks() {
    const { data, threshold } = this.scene;
    return this.main.dim === 1 ? data.at.map(([x]) => [x, threshold]) : data.at;
  }

  hover(zone, event, at, point = -1) {
    const tip = document.getElementById('tip');
    const changed = zone !== this.state.hovered;
    this.state.hovered = zone;
    tip.hidden = !event || (zone < 0 && point < 0);
    if (!tip.hidden) {
      tip.replaceChildren(...this.book.tip(zone, at, point));
      const [width, height] = [tip.offsetWidth, tip.offsetHeight];
      const left = event.clientX + 18 + width > innerWidth ? event.clientX - width - 18 : event.clientX + 18;
      Object.assign(tip.style, { left: `${Math.max(4, left)}px`, top: `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 6))}px` });
    }
    if (changed) [this.view, ...this.panels].forEach((picture) => picture.retouch?.());
  }

  press(zone) {
    this.state.press(zone);
    this.update();
  }

  choose(...zones) {
    this.state.chosen = zones;
    this.update();
  }

  step(by) {
    const { count } = this.shape, [zone] = this.state.chosen;
    if (count) this.choose(zone === undefined ? (by > 0 ? 0 : count - 1) : (zone + by + count) % count);
  }

  /** Choose a zone of the next island without data points, and show the island. */
  visit() {
    const found = [...this.lonely.values()];
    if (!found.length) return;
    const at = found.findIndex((zones) => zones.includes(this.state.chosen[0])), zones = found[(at + 1) % found.length];
    this.choose(zones[0]);
    this.show(zones);
  }

  key(event) {
    if (event.target.matches('input[type=number], input[type=range]') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'n') this.step(1);
    else if (event.key === 'p') this.step(-1);
    else if (event.key === 'c') this.colour(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length]);
    else if (event.key === 'e') this.visit();
    else if (event.key === 'h') this.switch(this.state.chosen.some((zone) => this.state.hidden.has(zone)), this.state.chosen);
    else if (event.key === 'Escape') this.press(-1);
  }

  colour(mode) {
    this.mode = mode;
    document.querySelectorAll('input[name=colour]').forEach((radio) => (radio.checked = radio.value === mode));
    this.recolour();
    this.controls.legend();
    this.redraw();
  }

  show(zones) {
    if (this.view.show) this.view.show(...this.shape.box(zones));
  }

  /** Draw all pictures again, with new colours. */
  redraw() { [this.view, ...this.panels].forEach((picture) => picture.redraw()); }

  /** Show the new selection everywhere. */
  update() {
    this.controls.card();
    if (this.view.retouch) this.view.retouch();
    else this.view.redraw();
    this.panels.forEach((panel) => panel.update());
  }
}

/** Show a position of the slider ('' if there is none) in place of a page. */
async function open(position, before) {
  const page = new Page(await unpacked(`scene${position}`), before);
  globalThis.exactzones = page; // for the browser's console and the tests
  page.book.take(await unpacked(`exact${position}`));
  page.update();
  document.documentElement.dataset.ready = 'yes';
  return page;
}

open('').then(slide).catch((error) => {
  document.getElementById('picture').append(el('p', { class: 'silent' }, `This browser cannot show the picture: ${error.message}`));
  throw error;
});
