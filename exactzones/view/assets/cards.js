// The cards with the exact facts about one zone, and about two.

const LISTED = 12; // neighbours listed on a card
const FRACTION = 36; // characters of a coordinate that fit into the tooltip

/** The exact numbers of the page, and how they are written. */
class Book {
  constructor(scene) {
    this.scene = scene;
    this.main = scene.spaces[0];
    this.names = scene.letters;
    this.exact = null; // unpacked after the first picture is drawn
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

  /** The neurons [layer, unit] whose signs differ between two zones. */
  differing(a, b) {
    const [one, other] = [a, b].map((zone) => this.main.patterns[zone].replaceAll(' ', ''));
    return this.units.filter((_, k) => one[k] !== other[k]);
  }

  island(zone) { return this.main.colours.island[zone]; }

  heading(zone) {
    const [owner, holds] = this.main.owners?.[zone] ?? [];
    const part = this.main.owners ? `, where case ${holds} holds in activation region ${owner + 1}` : '';
    return `Zone ${zone + 1}${part}, island ${this.island(zone) + 1}`;
  }

  /** A zone's activation pattern, one line per layer, with the neurons `flips` marked. */
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

  /** The tooltip of a data point. */
  data(number) {
    const { away, exact, label, labels, off, zone } = this.scene.data;
    const named = labels.length ? `: ${labels[label[number]]}` : '', where = off[number] ? `${away[number]} off the slice` : zone[number] < 0 ? 'in no zone' : `in zone ${zone[number] + 1}`;
    return [el('strong', {}, `Data point ${number + 1}${named}, ${where}`), el('div', { class: 'exact' }, briefPoint(exact[number], FRACTION))];
  }

  /** The tooltip of a zone. */
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

  /** The card of a zone. */
  zone(number, { swatch, flips, go }) {
    const { main, exact, write } = this, entry = exact.zones[number];
    const outside = { unbounded: 'the zone is unbounded; it is drawn up to the border of the window', cut: 'the zone extends beyond the window; it is drawn up to its border' }[main.outside[number]];
    const part = main.cells[number] === null ? 'everywhere in the activation region' : 'where';
    const near = this.neighbours(number);
    const buttons = near.slice(0, LISTED).map((other) => el('button', { type: 'button', title: 'show what the two zones share', onclick: () => go(other) }, String(other + 1)));
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
        ...pair('sample point', exactly(this.point(entry.sample))),
        ...(outside ? pair('window', outside) : []),
        ...(near.length ? pair('touches', el('span', { class: 'row' }, ...buttons, near.length > LISTED ? `and ${near.length - LISTED} more` : null)) : [])),
      entry.map ? el('details', {}, el('summary', {}, 'affine map of the whole layer'), list(entry.map, (row) => write.affine(row, this.names))) : null,
    ];
  }

  /** The card about what two zones share. */
  pair(a, b) {
    const edge = this.edge(a, b), { exact } = this;
    const both = exact.zones[a].vertices.filter((vertex) => exact.zones[b].vertices.includes(vertex));
    const flips = this.differing(a, b).map(([layer, unit]) => `layer ${layer}, unit ${unit}`);
    const ends = both.length ? pair(both.length > 1 ? 'vertices of the facet' : 'vertex of the facet', list(both, (k) => this.point(k))) : [];
    if (!edge)
      return [el('h3', {}, `Zones ${a + 1} and ${b + 1} share no facet`),
        el('dl', {}, ...pair('shared vertices', both.length ? list(both, (k) => this.point(k)) : 'none'), ...pair('signs differ at', list(flips, (flip) => flip)))];
    return [el('h3', {}, `Zones ${a + 1} and ${b + 1} share a facet`),
      el('dl', {}, ...pair('on the hyperplane', exactly(this.write.inequality(edge.facet, '=', this.names))), ...ends,
        ...pair(flips.length > 1 ? 'neurons that switch sign' : 'neuron that switches sign', list(flips, (flip) => flip)),
        ...pair('on the facet', edge.fires ? 'fires: both zones are in one island' : 'does not fire'))];
  }
}

const pair = (term, ...description) => [el('dt', {}, term), el('dd', {}, ...description)];
const exactly = (text) => list([text], (one) => one);
const list = (all, write) => el('div', { class: 'exact' }, el('ul', {}, ...all.map((one) => el('li', {}, write(one)))));
