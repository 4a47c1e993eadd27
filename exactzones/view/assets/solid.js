// Solids that can be rotated, drawn with plotly: meshes, their edges, marks.

const EYE = { x: 1.5, y: -1.75, z: 1 };
const NARROW = 500; // pixels; narrower pictures are seen from farther away, as the width limits what is seen

class Solid {
  /** @param options camera (undefined: the first view) and, as for Plane, window, axes, label, theme(), layers(); marked() returns outlines of polygons in space; point and press receive a zone. */
  constructor(host, options) {
    Object.assign(this, { host, options });
    for (const [name, value] of [['aria-label', options.label], ['role', 'application'], ['tabindex', 0]]) host.setAttribute(name, value);
    host.addEventListener('keydown', (event) => this.key(event));
    this.zone = -1;
    this.camera = options.camera ?? { eye: this.eye() };
    this.redraw();
  }

  /** Rotate the camera about the vertical axis and upwards (angles in radians), and multiply its distance by a factor. */
  turn(around, up, factor = 1) {
    const { x, y, z } = this.camera.eye, distance = Math.hypot(x, y, z) * factor;
    const azimuth = Math.atan2(y, x) + around, height = Math.max(-1.5, Math.min(1.5, Math.atan2(z, Math.hypot(x, y)) + up));
    this.camera = { ...this.camera, eye: { x: distance * Math.cos(height) * Math.cos(azimuth), y: distance * Math.cos(height) * Math.sin(azimuth), z: distance * Math.sin(height) } };
    Plotly.relayout(this.host, { 'scene.camera': this.camera });
  }

  eye() {
    const farther = this.host.clientWidth < NARROW ? 1.3 : 1;
    return Object.fromEntries(Object.entries(EYE).map(([axis, entry]) => [axis, farther * entry]));
  }

  zoom(factor) { this.turn(0, 0, 1 / factor); }

  reset() {
    this.camera = { eye: this.eye() };
    this.turn(0, 0);
  }

  key(event) {
    const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] };
    if (turns[event.key]) this.turn(...turns[event.key]);
    else if (event.key === '+' || event.key === '=') this.zoom(1.15);
    else if (event.key === '-') this.zoom(1 / 1.15);
    else if (event.key === '0') this.reset();
    else return;
    event.preventDefault();
  }

  layout() {
    const { window: [low, high], axes, theme, small } = this.options, colours = theme();
    const room = low.map((entry, k) => 0.01 * (high[k] - entry)); // keeps facets on the border from flickering against the walls
    const axis = (k) => ({ title: { text: small ? '' : harmless(axes[k]) }, range: [low[k] - room[k], high[k] + room[k]], color: colours.soft, gridcolor: colours.line,
      zerolinecolor: colours.line, showspikes: false, backgroundcolor: colours.quiet, showbackground: true, nticks: small ? 4 : 7 });
    const lengths = [0, 1, 2].map((k) => high[k] - low[k]), longest = Math.max(...lengths);
    const aspectratio = Math.min(...lengths) * 10 < longest ? { x: 1, y: 1, z: 1 } : { x: lengths[0] / longest, y: lengths[1] / longest, z: lengths[2] / longest };
    return { margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: 'rgba(0,0,0,0)', showlegend: false, font: { family: 'system-ui, sans-serif', size: small ? 9 : 12 },
      scene: { xaxis: axis(0), yaxis: axis(1), zaxis: axis(2), aspectmode: 'manual', aspectratio, dragmode: 'orbit', camera: this.camera } };
  }

  redraw() {
    this.stale = true;
    this.busy ||= this.draw().finally(() => (this.busy = null));
  }

  async draw() {
    while (this.stale) {
      this.stale = false;
      const traces = this.options.layers().flatMap((layer) => this.solids(layer));
      traces.push(...this.options.marked().flatMap(({ rings, colour, fill }) => outlined(rings, colour, fill)));
      traces.push(...(this.options.extra?.() ?? []));
      await Plotly.react(this.host, traces, this.layout(), { displayModeBar: false, responsive: true, displaylogo: false });
      if (!this.listening) this.listen();
    }
  }

  listen() {
    this.listening = true;
    this.host.on('plotly_relayout', (change) => (this.camera = change['scene.camera'] ?? this.camera));
    this.host.on('plotly_hover', ({ points: [point], event }) => {
      this.zone = point.data.zones ? point.data.zones[point.pointNumber] : -1;
      this.options.point?.(this.zone, event, [point.x, point.y, point.z]);
    });
    this.host.on('plotly_unhover', () => {
      this.zone = -1;
      this.options.point?.(-1, null);
    });
    let pressed = null;
    this.host.addEventListener('pointerdown', (event) => (pressed = [event.clientX, event.clientY]), true);
    this.host.addEventListener('pointerup', (event) => {
      if (pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4) this.options.press?.(this.zone);
    }, true);
  }

  solids({ shape, places, ramp, opacity = 1, edge = '#ffffff', edges = 0, segments = null, without = [] }) {
    const axis = (k) => Float64Array.from({ length: shape.zoneOf.length }, (_, corner) => shape.points[3 * corner + k]);
    const [x, y, z] = [axis(0), axis(1), axis(2)];
    const kept = shape.triangles.filter((_, k) => !without.includes(shape.zoneOf[shape.triangles[k - (k % 3)]]));
    const corner = (k) => kept.filter((_, entry) => entry % 3 === k);
    const mesh = { type: 'mesh3d', x, y, z, i: corner(0), j: corner(1), k: corner(2), intensity: places, cmin: 0, cmax: 1, showscale: false, opacity, hoverinfo: 'none',
      colorscale: ramp.map((colour, k) => [k / 255, colour]), flatshading: true, lighting: { ambient: 0.75, diffuse: 0.45, specular: 0.05 }, zones: shape.zoneOf };
    if (!edges) return [mesh];
    return [mesh, lines(segments ?? [...Array(shape.ringCount).keys()].map((ring) => shape.ring(ring)), edge, 2, edges)];
  }
}

/** Closed polygons in space as one trace. */
function lines(rings, color, width, opacity = 1) {
  const along = [[], [], []];
  for (const ring of rings)
    for (const at of [...ring, ring[0], [null, null, null]]) along.forEach((list, k) => list.push(at[k]));
  return { type: 'scatter3d', mode: 'lines', x: along[0], y: along[1], z: along[2], line: { color, width }, opacity, hoverinfo: 'skip' };
}

/** Circles in the middle of boxes, around islands without data points. */
function circles(boxes, color) {
  const axis = (k) => boxes.map(([low, high]) => (low[k] + high[k]) / 2);
  return { type: 'scatter3d', mode: 'markers', x: axis(0), y: axis(1), z: axis(2), hoverinfo: 'skip', marker: { size: 14, color, symbol: 'circle-open', line: { color, width: 3 } } };
}

function outlined(rings, colour, fill) {
  const shape = new Shape(3, [rings.map((ring) => ring.map((at) => ({ at, value: 0 })))]);
  const [x, y, z] = [0, 1, 2].map((k) => Array.from(shape.zoneOf, (_, corner) => shape.points[3 * corner + k]));
  const [i, j, k] = [0, 1, 2].map((which) => Array.from({ length: shape.triangles.length / 3 }, (_, triangle) => shape.triangles[3 * triangle + which]));
  return [...(fill && i.length ? [{ type: 'mesh3d', x, y, z, i, j, k, color: colour, opacity: fill, hoverinfo: 'skip' }] : []), lines(rings, colour, 5)];
}

/** Escape text for plotly, which would read markup in names. */
const harmless = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
