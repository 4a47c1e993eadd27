// The panels of the latent spaces: the zones in each, and the images of the zones of the input space.

const GREEK = ['α', 'β', 'γ', 'δ', 'ε', 'ζ', 'η', 'θ'];

class LatentPanel {
  /** @param state the chosen and hovered zones; @param options threshold, painter, theme(), colouring(). */
  constructor(space, number, main, state, options) {
    Object.assign(this, { space, main, state, options });
    const name = `${GREEK[number] ?? ''}${GREEK[number] ? '-space, ' : ''}${space.name}`;
    const zones = space.rings && counted(space.rings.length, 'zone');
    const what = space.rings ? `${zones} of the feature in view${space.complete ? '' : ' (there may be more: the search stopped early)'}` : 'too many dimensions to draw';
    this.caption = el('p', { class: 'hint' });
    this.element = el('div', {}, el('h3', {}, name), el('p', { class: 'hint' }, `${counted(space.dim, 'dimension')}; ${what}`));
    if (!space.rings) return;
    this.host = el('div', { class: 'latent' });
    this.element.append(this.host, this.caption);
    this.shape = shapeOf(space, options.threshold);
    this.image = imageOf(main, space, options.threshold);
    this.plain = new Float32Array(this.shape.zoneOf.length);
  }

  /** Build the picture; the element must have its size already. */
  open() {
    if (!this.host) return;
    const { space, options } = this, letters = Array.from({ length: space.dim }, (_, k) => `z${k}`);
    const common = { label: `Latent space ${space.name}`, small: true, axes: letters, theme: options.theme, layers: () => this.layers() };
    if (space.dim === 3) {
      this.view = new Solid(this.host, { ...common, window: space.window, marked: () => this.marked() });
      return;
    }
    const up = this.shape.zoneOf.length ? this.shape.box() : [[0, 0], [0, 1]];
    const window = space.dim === 1 ? [[space.window[0][0], up[0][1]], [space.window[1][0], up[1][1]]] : space.window;
    this.view = new Plane(this.host, options.painter, { ...common, window, stretched: space.dim === 1,
      over: (plane) => this.marked().forEach(({ rings, colour, fill, dashed }) => rings.forEach((ring) => plane.outline(ring, colour, 2, { fill, dashed }))) });
  }

  layers() {
    const colours = this.options.theme(), solid = this.space.dim === 3, { colouring, places } = this.options.colouring(this.image);
    const ground = { shape: this.shape, places: this.plain, ramp: (this.ground ??= {})[colours.line] ??= new Array(256).fill(colours.line), edge: colours.surface, edges: 0.9, opacity: solid ? 0.1 : 1 };
    return [ground, { shape: this.image, places, ramp: colouring.ramp, opacity: solid ? 0.9 : 0.6, edge: colours.surface, edges: solid ? 0 : 0.5 }];
  }

  /** The images of the chosen and hovered zones, and the zones of the latent space that contain them. */
  marked() {
    const colours = this.options.theme();
    return this.state.shown(colours).flatMap(({ zone, colour }) => [
      ...(this.space.targets[zone] >= 0 ? [{ rings: this.shape.ringsOf(this.space.targets[zone]), colour, fill: 0, dashed: true }] : []),
      { rings: this.image.ringsOf(zone), colour, fill: 0.45 },
    ]);
  }

  /** Highlight the zone under the pointer; solids do not. */
  retouch() { this.view?.retouch?.(); }

  redraw() { this.view?.redraw(); }

  update() {
    if (!this.view) return;
    if (this.view.retouch) this.view.retouch();
    else this.view.redraw();
    const [zone] = this.state.chosen;
    const target = zone === undefined ? -1 : this.space.targets[zone];
    this.caption.textContent =
      target >= 0 ? `Zone ${zone} is mapped into the dashed zone${this.space.patterns[target] && ', pattern '}${minus(this.space.patterns[target])}.`
        : 'Grey: the zones of the latent space. Coloured: the images of the zones of the input space.';
  }
}
