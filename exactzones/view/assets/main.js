// The page: builds the picture and the panels around it, and updates them when a zone is chosen or hovered.

const MODES = Object.keys(COLOURINGS);
const MANY_SOLIDS = 500; // if there are more, only their outer surface is drawn

class State {
  constructor() {
    this.chosen = []; // numbers of at most two zones
    this.hovered = -1;
  }

  press(zone) {
    if (zone < 0) this.chosen = [];
    else if (this.chosen.length === 1 && this.chosen[0] !== zone) this.chosen = [this.chosen[0], zone];
    else this.chosen = [zone];
  }

  /** The zones to highlight, each with its colour. */
  shown(colours) {
    const highlighted = this.chosen.map((zone, k) => ({ zone, colour: k ? colours.second : colours.accent }));
    if (this.hovered >= 0 && !this.chosen.includes(this.hovered)) highlighted.push({ zone: this.hovered, colour: colours.ink });
    return highlighted;
  }
}

class Page {
  constructor(scene) {
    this.scene = scene;
    this.main = scene.spaces[0];
    this.book = new Book(scene);
    this.state = new State();
    this.colours = theme();
    this.painter = new Painter();
    this.mode = 'island';
    this.showData = true;
    this.shape = shapeOf(this.main, scene.threshold);
    this.hollow = this.main.dim === 3 && this.shape.count > MANY_SOLIDS;
    this.drawn = this.hollow ? shapeOf(this.main, scene.threshold, outerRings(this.main)) : this.shape;
    this.cells = shapeOf(this.main, scene.threshold, this.main.cells);
    this.places = new WeakMap();
    this.recolour();
    this.panels = scene.spaces.slice(1).map((space, k) => new LatentPanel(space, k + 1, this.main, this.state,
      { painter: this.painter, threshold: scene.threshold, theme: () => this.colours, colouring: (shape) => this.coloured(shape) }));
    this.build();
    this.view = this.main.dim === 3 ? this.solid() : this.plane();
    this.panels.forEach((panel) => panel.open());
    this.update();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.colours = theme();
      this.recolour();
      this.legend();
      this.redraw();
      this.update();
    });
    document.addEventListener('keydown', (event) => this.key(event));
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
    return [{ shape: this.drawn, places, ramp: colouring.ramp, opacity: solid ? (faded ? 0.12 : 0.5) : 0.92, edge: solid ? this.colours.ink : this.colours.surface, edges: !solid ? 0.85 : faded ? 0.12 : 0.4, without: this.state.chosen }];
  }

  plane() {
    const { main, scene } = this, graph = main.dim === 1;
    this.finder = new Finder(this.shape);
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

  solid() {
    return new Solid(document.getElementById('picture'), {
      window: this.main.window, axes: this.scene.axes, label: 'The zones as solids. Arrow keys rotate, plus and minus zoom, 0 restores the first view, n and p select the next and previous zone, Escape clears the selection.',
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
    for (const { rings, colour, width, dashed, fill } of this.outlines(colours)) for (const ring of rings) plane.outline(ring, colour, width, { dashed, fill });
  }

  dots() {
    const { data } = this.scene;
    if (!data || !this.showData) return [];
    const symbols = Object.keys(SOLID_MARKS);
    const axis = (k) => data.at.map((at) => at[k]);
    return [{ type: 'scatter3d', mode: 'markers', x: axis(0), y: axis(1), z: axis(2), hoverinfo: 'skip',
      marker: { size: 3.5, color: this.colours.ink, symbol: data.at.map((_, k) => symbols[(data.label[k] ?? 0) % symbols.length]), opacity: 0.85 } }];
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
      tip.replaceChildren(...(point < 0 ? [] : this.book.data(point)), ...(zone < 0 ? [] : this.book.tip(zone, at)));
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

  key(event) {
    if (event.target.matches('input[type=number]') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'n') this.step(1);
    else if (event.key === 'p') this.step(-1);
    else if (event.key === 'c') this.colour(MODES[(MODES.indexOf(this.mode) + 1) % MODES.length]);
    else if (event.key === 'Escape') this.press(-1);
  }

  colour(mode) {
    this.mode = mode;
    document.querySelectorAll('input[name=colour]').forEach((radio) => (radio.checked = radio.value === mode));
    this.recolour();
    this.legend();
    this.redraw();
  }

  show(zones) {
    if (this.view.show) this.view.show(...this.shape.box(zones));
  }

  // Building the panels around the picture.

  build() {
    const radio = (mode) => el('label', {}, el('input', { type: 'radio', name: 'colour', value: mode, checked: mode === this.mode, onchange: () => this.colour(mode) }), COLOURINGS[mode]);
    const box = document.getElementById('colouring');
    this.legendBox = el('div');
    if (this.shape.count) box.append(el('h2', {}, 'Colour by'), el('fieldset', {}, el('legend'), ...MODES.map(radio)), this.legendBox);
    if (this.scene.data) {
      const toggle = el('input', { type: 'checkbox', checked: true, onchange: (event) => ((this.showData = event.target.checked), this.redraw()) });
      box.append(el('div', { class: 'row' }, el('label', {}, toggle, `${counted(this.scene.data.at.length, 'data point')}`)), dataLegend(this.scene.data, this.main.dim));
    }
    if (this.shape.count) document.getElementById('chosen').append(...this.chooser());
    if (this.panels.length) document.getElementById('latents').append(el('h2', {}, 'Latent spaces (the main picture shows the input space, α)'), ...this.panels.map(({ element }) => element));
    const { flat } = this.scene;
    if (flat) document.getElementById('facts').append(el('details', {}, el('summary', {}, 'position of the slice in the input space'),
      list(flat.rows.map((row, k) => [flat.names[k], row]), ([name, row]) => `${name} = ${affine(row, this.scene.letters)}`)));
    const keys = [['arrows', this.main.dim === 3 ? 'rotate' : 'pan'], ['+ −', 'zoom'], ['0', 'show everything'], ['n p', 'next, previous zone'], ['c', 'next colouring'], ['Esc', 'clear the selection']];
    document.getElementById('keys').append(el('h2', {}, 'Mouse and keyboard'), el('p', { class: 'hint' },
      this.main.dim === 3 ? 'Drag to rotate, use the wheel to zoom. ' : 'Drag to pan, use the wheel to zoom. ', 'Click a zone to select it, then another to compare the two; click outside the zones to clear the selection.'),
      el('p', { class: 'hint' }, ...keys.flatMap(([key, what]) => [el('kbd', {}, key), ` ${what}   `])));
    const tool = (sign, name, act) => el('button', { type: 'button', 'aria-label': name, title: name, onclick: () => act(this.view) }, sign);
    document.getElementById('stage').append(el('div', { class: 'tools' }, tool('+', 'zoom in', (view) => view.zoom(1.5)), tool('−', 'zoom out', (view) => view.zoom(1 / 1.5)), tool('⌂', 'show everything', (view) => view.reset())));
    const notes = document.getElementById('notes');
    const hollow = this.hollow ? ['There are many solids, so only their outer surface is drawn; a hidden one is shown when it is selected.'] : [];
    notes.append(...[...this.scene.notes, ...hollow].map((note) => el('li', {}, note)));
    if (!this.shape.count) document.getElementById('picture').append(el('div', { class: 'silent' }, el('strong', {}, this.scene.silent)));
    this.legend();
  }

  legend() {
    this.legendBox.replaceChildren(...(this.shape.count ? legendOf(this.colouring, this.main, this.scene.islands, (zones) => this.show(zones)) : []));
  }

  /** The controls that select a zone; they are built once, so that they keep the keyboard focus. */
  chooser() {
    const { count } = this.shape, button = (text, act) => el('button', { type: 'button', onclick: act }, text);
    this.number = el('input', { type: 'number', min: 1, max: count, 'aria-label': 'number of the zone', placeholder: `1 to ${count}`,
      onchange: (event) => { const zone = Math.round(event.target.valueAsNumber) - 1; if (zone >= 0 && zone < count) this.choose(zone); } });
    const show = this.main.dim === 3 ? null : button('show', () => this.state.chosen.length && this.show(this.state.chosen));
    const rough = el('input', { type: 'checkbox', onchange: () => ((this.book.write = WRITING[rough.checked ? 'brief' : 'exact']), this.card()) });
    this.cards = el('div', { 'aria-live': 'polite' });
    return [el('h2', {}, 'Zone'), el('div', { class: 'row' }, button('previous', () => this.step(-1)), this.number, button('next', () => this.step(1)), show, button('clear', () => this.choose()), el('label', {}, rough, 'rounded')), this.cards];
  }

  card() {
    const [a, b] = this.state.chosen;
    if (!this.cards) return;
    this.number.value = a === undefined ? '' : a + 1;
    const hint = a === undefined ? 'Select a zone: click it or enter its number. Then click another to see what the two share.' : this.book.exact ? '' : 'Loading the exact numbers.';
    if (hint) return this.cards.replaceChildren(el('p', { class: 'hint' }, hint));
    const flips = b === undefined ? [] : this.book.differing(a, b);
    const card = (zone, swatch) => this.book.zone(zone, { swatch, flips, go: (other) => this.choose(zone, other) }).filter(Boolean);
    this.cards.replaceChildren(...(b === undefined ? [] : this.book.pair(a, b)), ...card(a, this.colours.accent), ...(b === undefined ? [] : card(b, this.colours.second)));
  }

  /** Draw all pictures again, with new colours. */
  redraw() { [this.view, ...this.panels].forEach((picture) => picture.redraw()); }

  /** Show the new selection everywhere. */
  update() {
    this.card();
    if (this.view.retouch) this.view.retouch();
    else this.view.redraw();
    this.panels.forEach((panel) => panel.update());
  }
}

(async () => {
  const page = new Page(await unpacked('scene'));
  globalThis.exactzones = page; // for the browser's console and the tests
  page.book.take(await unpacked('exact'));
  page.update();
  document.documentElement.dataset.ready = 'yes';
})().catch((error) => {
  document.getElementById('picture').append(el('p', { class: 'silent' }, `This browser cannot show the picture: ${error.message}`));
  throw error;
});
