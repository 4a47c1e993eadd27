// A picture of a plane that pans and zooms: axes, polygons, and the highlights above them.

const FLUID = 12; // milliseconds; if painting takes less, it is done in every frame

class Plane {
  /**
   * @param host element to fill.
   * @param painter the painter of polygons.
   * @param options window ([low, high]), axes (names), label (for screen readers), small, and what to do: layers(), marks(), over(plane),
   *   point(x, y, event) when the pointer moves (event null when it leaves), press(x, y) when it clicks.
   */
  constructor(host, painter, options) {
    Object.assign(this, { host, painter, options });
    this.canvas = el('canvas', { class: 'plane', tabindex: 0, role: 'application', 'aria-label': options.label });
    this.context = this.canvas.getContext('2d');
    this.margin = options.small ? { left: 38, bottom: 22, top: 6, right: 8 } : { left: 56, bottom: 40, top: 14, right: 16 };
    host.append(this.canvas);
    this.pointers = new Map();
    this.listen();
    this.resize();
    new ResizeObserver(() => this.resize()).observe(host);
  }

  // The view: its centre (x, y) and its scale in screen pixels per unit (kx, ky).

  resize() {
    const [width, height] = [this.host.clientWidth, this.host.clientHeight];
    if (!width || !height) return;
    this.ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: Math.round(width * this.ratio), height: Math.round(height * this.ratio) });
    Object.assign(this, { width, height });
    const { left, right, top, bottom } = this.margin;
    const snug = (length) => Math.max(1, Math.round(length * this.ratio)) / this.ratio;
    this.area = { left, top, width: snug(width - left - right), height: snug(height - top - bottom) };
    if (!this.home) return this.reset();
    const showsAll = ['x', 'y', 'kx', 'ky'].every((name) => this.view[name] === this.home[name]);
    if (showsAll) return this.reset(); // the same in another frame, such as that of a printed page
    this.redraw();
  }

  /** Show what another picture of the same plane shows. */
  take({ view }) {
    Object.assign(this.view, view);
    this.limit();
    this.redraw();
  }

  reset() {
    this.home = this.fitted(...this.options.window);
    this.view = { ...this.home };
    this.redraw();
  }

  /** The view that shows a box, with equal scales unless the box would become a sliver. */
  fitted(low, high, room = 0.94) {
    const [w, h] = [0, 1].map((axis) => high[axis] - low[axis] || 1);
    let [kx, ky] = [(room * this.area.width) / w, (room * this.area.height) / h];
    if (!this.options.stretched && Math.max(w, h) <= 10 * Math.min(w, h)) kx = ky = Math.min(kx, ky);
    return { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, kx, ky };
  }

  show(low, high) {
    this.view = this.fitted(low, high, 0.5);
    this.limit();
    this.redraw();
  }

  toX(x) { return this.area.left + this.area.width / 2 + (x - this.view.x) * this.view.kx; }

  toY(y) { return this.area.top + this.area.height / 2 - (y - this.view.y) * this.view.ky; }

  from(left, top) {
    return [
      this.view.x + (left - this.area.left - this.area.width / 2) / this.view.kx,
      this.view.y - (top - this.area.top - this.area.height / 2) / this.view.ky,
    ];
  }

  zoom(factor, left = this.area.left + this.area.width / 2, top = this.area.top + this.area.height / 2) {
    const [x, y] = this.from(left, top);
    const scale = Math.min(Math.max(this.view.kx * factor, this.home.kx * 0.25), this.home.kx * 1e9) / this.view.kx;
    Object.assign(this.view, { kx: this.view.kx * scale, ky: this.view.ky * scale });
    const [u, v] = this.from(left, top);
    this.pan(x - u, y - v);
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.limit();
    this.redraw();
  }

  /** Keep the centre of the view inside the window and limit the scale. */
  limit() {
    const [low, high] = this.options.window;
    this.view.x = Math.min(high[0], Math.max(low[0], this.view.x));
    this.view.y = Math.min(high[1], Math.max(low[1], this.view.y));
    this.view.kx = Math.min(this.view.kx, this.home.kx * 1e9);
    this.view.ky = Math.min(this.view.ky, this.home.ky * 1e9);
  }

  // Input: mouse, touch, keyboard.

  listen() {
    const on = (name, handler) => this.canvas.addEventListener(name, handler, { passive: false });
    const place = (event) => [event.offsetX, event.offsetY];
    on('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
      this.moved = this.pointers.size > 1 ? Infinity : 0;
    });
    on('pointermove', (event) => {
      const before = this.pointers.get(event.pointerId), now = place(event);
      if (!before) {
        this.options.point?.(...this.from(...now), event);
        return;
      }
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      this.pointers.set(event.pointerId, now);
      this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (others.length) {
        const apart = (at) => Math.hypot(at[0] - others[0][0], at[1] - others[0][1]) || 1;
        this.zoom(apart(now) / apart(before), (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
      } else if (this.moved > 4) {
        this.options.point?.(0, 0, null);
        this.pan(-(now[0] - before[0]) / this.view.kx, (now[1] - before[1]) / this.view.ky);
      }
    });
    for (const name of ['pointerup', 'pointercancel'])
      on(name, (event) => {
        const held = this.pointers.delete(event.pointerId);
        if (held && name === 'pointerup' && this.moved <= 4) this.options.press?.(...this.from(...place(event)));
      });
    on('pointerleave', () => this.options.point?.(0, 0, null));
    on('wheel', (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...place(event));
    });
    on('dblclick', (event) => this.zoom(2.5, ...place(event)));
    on('keydown', (event) => {
      const step = 60;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      if (moves[event.key]) this.pan(moves[event.key][0] / this.view.kx, moves[event.key][1] / this.view.ky);
      else if (event.key === '+' || event.key === '=') this.zoom(1.5);
      else if (event.key === '-') this.zoom(1 / 1.5);
      else if (event.key === '0') this.reset();
      else return;
      event.preventDefault();
    });
  }

  // Drawing.

  /** Draw everything again. */
  redraw() {
    this.stale = true;
    this.retouch();
  }

  /** Draw again what is above the polygons. */
  retouch() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.area || !this.view) return;
    const { context, area, options } = this, colours = options.theme();
    const moved = !this.painted || ['x', 'y', 'kx', 'ky'].some((name) => this.painted[name] !== this.view[name]);
    if (this.stale || moved) this.paintInTime(this.stale && !moved);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    this.ground(colours);
    this.blit();
    options.over?.(this, colours);
    context.restore();
    drawAxes(this, colours);
  }

  /** Paint the polygons now, or later if painting is slow; until then the last painting is moved and scaled. */
  paintInTime(atOnce) {
    const now = performance.now();
    clearTimeout(this.later);
    if (this.painted && !atOnce && now < this.busyUntil) {
      this.later = setTimeout(() => {
        this.busyUntil = 0;
        this.retouch();
      }, 60);
      return;
    }
    this.paint();
    const cost = performance.now() - now;
    this.busyUntil = cost < FLUID ? 0 : now + 8 * cost;
  }

  /** Paint the polygons of the current view into an off-screen canvas. */
  paint() {
    const { area, view, ratio } = this;
    const [width, height] = [area.width, area.height].map((length) => Math.round(length * ratio));
    this.backing ??= document.createElement('canvas');
    Object.assign(this.backing, { width, height });
    const context = this.backing.getContext('2d');
    const scaled = { x: view.x, y: view.y, kx: view.kx * ratio, ky: view.ky * ratio };
    for (const { shape, places, ramp, ...look } of this.options.layers()) {
      this.painter.draw(context, { width, height }, scaled, shape, places, ramp, { ...look, edges: (look.edges ?? 0) * this.clarity(shape) });
      this.thin(context, scaled, shape, places, ramp);
    }
    if (this.options.marks) drawMarks(context, scaled, ratio, this.options.marks(), this.options.theme());
    this.painted = { ...view };
    this.stale = false;
  }

  blit() {
    const { painted, view, area } = this, scale = [view.kx / painted.kx, view.ky / painted.ky];
    const [width, height] = [area.width * scale[0], area.height * scale[1]];
    this.context.drawImage(this.backing, this.toX(painted.x) - width / 2, this.toY(painted.y) - height / 2, width, height);
  }

  /** Fill the domain, or the whole window if there is none. */
  ground(colours) {
    const { context, options } = this, [low, high] = options.window;
    this.path([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]);
    context.fillStyle = colours.quiet;
    if (!options.domain) context.fill();
    for (const ring of options.domain ?? []) {
      this.path(ring);
      context.fill();
    }
  }

  /** The opacity of edges, from 0 to 1: zones that are small on the screen get none, or edges would cover them. */
  clarity(shape) {
    const size = Math.sqrt((this.view.kx * this.view.ky * (shape.area ??= this.areaOf(shape))) / Math.max(1, shape.count));
    return Math.min(1, Math.max(0, (size - 3) / 14));
  }

  areaOf(shape) {
    const [low, high] = shape.box();
    return (high[0] - low[0]) * (high[1] - low[1]) || 0;
  }

  /** Draw rings that are segments or single points: the part of a zone that fires may be flat. */
  thin(context, view, shape, places, ramp) {
    shape.flats ??= [...Array(shape.ringCount).keys()].filter((ring) => shape.firstCorner[ring + 1] - shape.firstCorner[ring] < 3);
    context.lineWidth = 3.5 * this.ratio;
    context.lineCap = 'round';
    for (const number of shape.flats) {
      const [first, last = first] = shape.ring(number);
      context.strokeStyle = colourAt(ramp, places[shape.firstCorner[number]]);
      context.beginPath();
      for (const at of [first, last]) context.lineTo(...onto(context.canvas, view, at));
      context.stroke();
    }
  }

  path(ring) {
    this.context.beginPath();
    for (const [x, y] of ring) this.context.lineTo(this.toX(x), this.toY(y));
    this.context.closePath();
  }

  /** Draw a segment; if it is wide, so that what it covers shows. */
  stroke(ring, colour, width) {
    const { context } = this;
    Object.assign(context, { lineWidth: width, strokeStyle: colour, globalAlpha: width > 2 ? 0.4 : 1 });
    this.path(ring);
    context.stroke();
    context.globalAlpha = 1;
  }

  /** Draw a dashed circle around a point; its radius is in pixels. */
  circle([x, y], radius, colour) {
    const { context } = this;
    Object.assign(context, { lineWidth: 2, strokeStyle: colour });
    context.setLineDash([4, 3]);
    context.beginPath();
    context.arc(this.toX(x), this.toY(y), radius, 0, 7);
    context.stroke();
    context.setLineDash([]);
  }

  /** Tell whether a point is in sight. */
  shows([x, y]) {
    const { left, top, width, height } = this.area, across = this.toX(x) - left, down = this.toY(y) - top;
    return across >= 0 && across <= width && down >= 0 && down <= height;
  }

  /** Draw a ring with a number beside it. */
  ring([x, y], number, colours) {
    const { context } = this, [left, top] = [this.toX(x), this.toY(y)];
    Object.assign(context, { lineWidth: 1.6, strokeStyle: colours.ink, fillStyle: colours.ink, font: '600 12px system-ui, sans-serif', textBaseline: 'middle' });
    context.beginPath();
    context.arc(left, top, 11, 0, 7);
    context.stroke();
    const isRight = left > this.area.left + this.area.width / 2;
    context.textAlign = isRight ? 'right' : 'left';
    context.fillText(String(number), left + (isRight ? -15 : 15), top);
  }

  /** Draw a loop around a hole, with a rim that parts it from edges of zones. */
  loop(corners, colours, dashed) {
    this.outline(corners, colours.surface, 5);
    this.outline(corners, colours.ink, 2.2, { dashed });
  }

  /** Outline a polygon, a segment or a point. */
  outline(ring, colour, width, { dashed = false, fill = 0 } = {}) {
    const { context } = this;
    context.lineWidth = width;
    context.strokeStyle = context.fillStyle = colour;
    context.lineJoin = 'round';
    context.setLineDash(dashed ? [5, 4] : []);
    if (ring.length === 1) {
      context.beginPath();
      context.arc(this.toX(ring[0][0]), this.toY(ring[0][1]), width + 1.5, 0, 7);
      context.fill();
    } else {
      this.path(ring);
      context.globalAlpha = fill;
      if (fill) context.fill();
      context.globalAlpha = 1;
      context.stroke();
    }
    context.setLineDash([]);
  }
}
