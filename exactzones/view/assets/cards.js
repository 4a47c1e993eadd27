// What is known of a zone, and of two of them: exact, as text.

const LISTED = 12; // neighbours
const FRACTION = 36; // characters of a coordinate that the pointer's box has room for

/** The page's exact texts, and how they are written down. */
class Book {
  constructor(scene) {
    this.scene = scene;
    this.main = scene.spaces[0];
    this.names = scene.letters;
    this.exact = null; // arrives after the first picture
    this.write = WRITING.exact;
    this.units = scene.layers.flatMap((units, layer) => units.map((unit) => [layer, unit]));
  }

  take(exact) {
    this.exact = exact;
    this.edges = new Map();
    exact.edges.forEach(([a, b, facet, flips, fires]) => {
      for (const [one, other] of [[a, b], [b, a]]) {
        if (!this.edges.has(one)) this.edges.set(one, new Map());
        this.edges.get(one).set(other, { facet, flips, fires });
      }
    });
  }

  neighbours(zone) { return [...(this.edges?.get(zone)?.keys() ?? [])].sort((a, b) => a - b); }

  edge(a, b) { return this.edges?.get(a)?.get(b); }

  /** Neurons with another sign in two zones. */
  differing(a, b) {
    const [one, other] = [a, b].map((zone) => this.main.patterns[zone].replaceAll(' ', ''));
    return this.units.filter((_, k) => one[k] !== other[k]);
  }

  island(zone) { return this.main.colours.island[zone]; }

  heading(zone) { return `Zone ${zone + 1}, island ${this.island(zone) + 1}`; }

  /** The pattern, a line per layer; `flips` are marked. */
  pattern(zone, flips = []) {
    const layers = this.scene.layers.map((units, layer) => ({ units, layer })).filter(({ units }) => units.length);
    const flipped = new Set(flips.map(String));
    return this.main.patterns[zone].split(' ').map((signs, k) => {
      const { units, layer } = layers[k] ?? { units: [], layer: k };
      const shown = [...signs].map((sign, j) =>
        el(flipped.has(String([layer, units[j]])) ? 'mark' : 'span', { class: sign === '+' ? 'on' : 'off', title: `layer ${layer}, unit ${units[j]}` }, minus(sign)));
      return el('div', { class: 'signs exact' }, ...shown);
    });
  }

  point(number) { return this.write.point(this.exact.points[number]); }

  /** A line or two about a data point for the pointer. */
  data(number) {
    const { exact, label, labels, off, zone } = this.scene.data;
    const named = labels.length ? `: ${labels[label[number]]}` : '', where = off[number] ? 'off the slice' : zone[number] < 0 ? 'in no zone' : `in zone ${zone[number] + 1}`;
    return [el('strong', {}, `Data point ${number + 1}${named}, ${where}`), el('div', { class: 'exact' }, briefPoint(exact[number], FRACTION))];
  }

  /** A few lines about a zone for the pointer. */
  tip(zone, at) {
    const entry = this.exact?.zones[zone];
    const lines = [el('strong', {}, this.heading(zone)), ...(this.main.patterns[zone] ? this.pattern(zone) : [])];
    if (at) lines.push(el('div', {}, `value here ≈ ${rounded(evaluate(this.main.functions[zone], at))}`));
    if (!entry) return lines;
    const listed = (title, all, write) => {
      const more = all.length > 6 ? [el('li', {}, `and ${all.length - 6} more`)] : [];
      if (all.length) lines.push(el('div', {}, title), el('div', { class: 'exact' }, el('ul', {}, ...all.slice(0, 6).map((one) => el('li', {}, write(one))), ...more)));
    };
    listed('inequalities', entry.inequalities, (row) => briefInequality(row, '>=', this.names));
    listed('vertices', entry.vertices, (number) => briefPoint(this.exact.points[number], FRACTION));
    listed('affine map', [entry.function], (row) => briefAffine(row, this.names));
    return lines;
  }

  /** All that is known of a zone. */
  zone(number, { swatch, flips, go }) {
    const { main, exact, write } = this, entry = exact.zones[number];
    const outside = { unbounded: 'unbounded: drawn as far as the window reaches', cut: 'goes on beyond the window; drawn up to its border' }[main.outside[number]];
    const part = main.cells[number] === null ? 'on all of the cell' : 'where';
    const near = this.neighbours(number);
    const buttons = near.slice(0, LISTED).map((other) => el('button', { type: 'button', title: 'show what the two share', onclick: () => go(other) }, String(other + 1)));
    return [
      el('h3', {}, el('span', { class: 'swatch', style: { borderColor: swatch } }), this.heading(number)),
      el('dl', {},
        ...pair('pattern', ...(main.patterns[number] ? this.pattern(number, flips) : ['no hidden neurons'])),
        ...pair('fires', part, main.cells[number] === null ? null : list(entry.conditions, (row) => write.inequality(row.slice(0, -1), row.at(-1), this.names))),
        ...pair('affine map', exactly(write.affine(entry.function, this.names))),
        ...pair('inequalities', list(entry.inequalities, (row) => write.inequality(row, '>=', this.names))),
        ...pair('vertices', list(entry.vertices, (k) => this.point(k)), exact.lifted && el('details', {}, el('summary', {}, 'in the input space'), list(entry.vertices, (k) => write.point(exact.lifted[k])))),
        ...(entry.rays ? pair('rays', list(entry.rays, write.point)) : []),
        ...(entry.lines ? pair('lines', list(entry.lines, write.point)) : []),
        ...pair('a point inside', exactly(this.point(entry.sample))),
        ...(outside ? pair('window', outside) : []),
        ...(near.length ? pair('touches', el('span', { class: 'row' }, ...buttons, near.length > LISTED ? `and ${near.length - LISTED} more` : null)) : [])),
      entry.map ? el('details', {}, el('summary', {}, 'the affine map of the whole layer'), list(entry.map, (row) => write.affine(row, this.names))) : null,
    ];
  }

  /** What two zones share. */
  pair(a, b) {
    const edge = this.edge(a, b), { exact } = this;
    const both = exact.zones[a].vertices.filter((vertex) => exact.zones[b].vertices.includes(vertex));
    const flips = this.differing(a, b).map(([layer, unit]) => `layer ${layer}, unit ${unit}`);
    const ends = both.length ? pair(both.length > 1 ? 'its vertices' : 'its vertex', list(both, (k) => this.point(k))) : [];
    if (!edge)
      return [el('h3', {}, `Zones ${a + 1} and ${b + 1} share no facet`),
        el('dl', {}, ...pair('common vertices', both.length ? list(both, (k) => this.point(k)) : 'none'), ...pair('signs differ at', list(flips, (flip) => flip)))];
    return [el('h3', {}, `Zones ${a + 1} and ${b + 1} share a facet`),
      el('dl', {}, ...pair('it lies on', exactly(this.write.inequality(edge.facet, '=', this.names))), ...ends,
        ...pair(flips.length > 1 ? 'neurons that flip there' : 'the neuron that flips', list(flips, (flip) => flip)),
        ...pair('there', edge.fires ? 'the property fires on it: one island' : 'the property does not fire on it'))];
  }
}

const pair = (term, ...description) => [el('dt', {}, term), el('dd', {}, ...description)];
const exactly = (text) => list([text], (one) => one);
const list = (all, write) => el('div', { class: 'exact' }, el('ul', {}, ...all.map((one) => el('li', {}, write(one)))));
